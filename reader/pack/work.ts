import { DocteurError } from "../errors.ts";

/**
 * What reading costs, in units of work. A unit is the time in which a byte is copied, a tenth of a nanosecond
 * on a machine of 2024; the rest was measured beside that, of what an attacker would choose: zeroes to
 * inflate, instructions that copy a byte.
 */
export const COST = {
  copiedByte: 1,
  inflatedByte: 8,
  hashedByte: 4,
  /** One instruction of a delta, whatever it copies. */
  instruction: 256,
  /** One delta of a chain: its header, and the start of its stream. */
  delta: 16 * 1024,
  /** An object that is looked for by its id. */
  lookup: 4096,
  /** A byte of a tree, hashed and taken apart into entries. */
  parsedByte: 64,
  /** A byte of a tree whose entries are out of order. */
  sortedByte: 512,
} as const;

const MIB = 1024 ** 2;

/**
 * Work that an object of this size may take without counting against the total: chains of 50 objects of its
 * size do.
 */
export function grantFor(size: number): number {
  return MIB + 256 * size;
}

/** The image asks for more work than its size allows. `code` is `TOO_MUCH_WORK`. */
export class WorkLimitError extends DocteurError {
  override name = "WorkLimitError";
  constructor(what: string) {
    super("TOO_MUCH_WORK", what);
  }
}

/** Counts the work of all that is read from one PACK. */
export class Work {
  /** Units since the beginning. */
  done = 0;
  #limit: number;

  /** @param limit units; default: no limit. */
  constructor(limit = Number.POSITIVE_INFINITY) {
    this.#limit = limit;
  }

  /** Whether no more may be done. */
  get isSpent(): boolean {
    return this.done > this.#limit;
  }

  /** @throws {WorkLimitError} */
  add(units: number): void {
    this.done += units;
    if (this.done > this.#limit) throw tooMuch();
  }

  /** Tells beforehand that so much more cannot be done. @throws {WorkLimitError} */
  check(units: number): void {
    if (this.done + units > this.#limit) throw tooMuch();
  }

  /** Lets more be done. */
  grant(units: number): void {
    this.#limit += units;
  }
}

function tooMuch(): WorkLimitError {
  return new WorkLimitError("to read what this image holds takes work out of all proportion to its size");
}
