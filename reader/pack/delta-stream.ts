import { deltaFault } from "./chain-descriptions.ts";
import { DeltaError } from "./delta.ts";
import type { DeltaInstructions } from "./delta-instructions.ts";
import type { KeptPieces } from "./kept-pieces.ts";
import { PIECE_SIZE, type PieceStream } from "./piece-stream.ts";
import { COST } from "./work.ts";

const NOT_YET = new Uint8Array();

/**
 * The object that a delta makes, in pieces: the instructions are followed one after the other, and the source
 * is read as they ask for it. Memory holds neither the target, the delta, nor the source.
 */
export class DeltaStream implements PieceStream {
  /** Bytes of the object, as the delta says. */
  readonly size: number;
  readonly #source: KeptPieces;
  readonly #instructions: DeltaInstructions;
  readonly #at: number;
  readonly #work: { add(units: number): void };
  readonly #output = Buffer.allocUnsafeSlow(PIECE_SIZE);
  /** Bytes of the piece that is being made. */
  #filled = 0;
  /** Bytes of the object before that piece. */
  #position = 0;

  /**
   * @param at byte of the image at which the delta lies.
   * @param work counts the units of work.
   */
  constructor(
    source: KeptPieces,
    instructions: DeltaInstructions,
    at: number,
    work: { add(units: number): void },
  ) {
    this.#source = source;
    this.#instructions = instructions;
    this.#at = at;
    this.#work = work;
    this.size = instructions.targetSize;
  }

  restart(): void {
    this.#named(() => this.#instructions.restart());
    this.#position = 0;
    this.#filled = 0;
  }

  next(): Uint8Array | undefined {
    return this.#named(() => this.#piece(false));
  }

  skip(): void {
    this.#named(() => this.#piece(true));
  }

  close(): void {
    this.#source.close();
    this.#instructions.close();
  }

  #piece(isSkipped: boolean): Uint8Array | undefined {
    const instructions = this.#instructions;
    const wanted = Math.min(PIECE_SIZE, this.size - this.#position);
    if (wanted === 0) {
      this.#checkEnd();
      return undefined;
    }
    let count = 0;
    const before = this.#filled;
    while (this.#filled < wanted) {
      if (instructions.left === 0) {
        if (instructions.ended) throw this.#otherSize();
        instructions.next();
        count++;
      }
      const made = this.#follow(Math.min(instructions.left, wanted - this.#filled), isSkipped);
      this.#filled += made;
      // The source has gone on by a step.
      if (made === 0) break;
    }
    this.#work.add(COST.instruction * count + COST.copiedByte * (this.#filled - before));
    if (this.#filled < wanted) return NOT_YET;
    this.#position += wanted;
    this.#filled = 0;
    // Before the last piece is returned.
    if (this.#position === this.size) this.#checkEnd();
    return this.#output.subarray(0, wanted);
  }

  /** Makes up to `length` bytes, or goes past them. @returns how many. */
  #follow(length: number, isSkipped: boolean): number {
    const instructions = this.#instructions;
    const { from } = instructions;
    if (from === undefined) {
      const bytes = instructions.take(length);
      if (!isSkipped) this.#output.set(bytes, this.#filled);
      return bytes.length;
    }
    const made = isSkipped ? length : this.#source.copy(from, length, this.#output, this.#filled);
    instructions.from = from + made;
    instructions.left -= made;
    return made;
  }

  #checkEnd(): void {
    if (!this.#instructions.ended) {
      throw new DeltaError(`the delta makes more than the ${this.size} bytes it claims`);
    }
  }

  #otherSize(): DeltaError {
    return new DeltaError(`the delta makes ${this.#position + this.#filled} bytes and claims ${this.size}`);
  }

  #named<Result>(work: () => Result): Result {
    try {
      return work();
    } catch (error) {
      throw deltaFault(error, this.#at);
    }
  }
}
