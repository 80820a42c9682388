import { type ChainDescriptions, deltaFault } from "./chain-descriptions.ts";
import { DeltaError } from "./delta.ts";
import { DeltaInstructions } from "./delta-instructions.ts";
import { DeltaStream } from "./delta-stream.ts";
import type { Entries } from "./entries.ts";
import type { EntryHeader } from "./format.ts";
import { KeptPieces } from "./kept-pieces.ts";
import type { PieceStream } from "./piece-stream.ts";
import type { ReadLimits } from "./read-limits.ts";
import { COST } from "./work.ts";

/** The most deltas of a chain that passes through a window: each takes some memory. */
export const MAX_STREAMED_CHAIN = 16;

/** Bytes of sources that are kept for steps back, of all the deltas of a chain together. */
const KEPT = 16 * 1024 * 1024;

/** A delta, and what it is applied to. */
interface Link {
  readonly delta: EntryHeader;
  /** An undeltified object, or the next delta of the chain. */
  readonly base: EntryHeader;
}

/** An object that is a delta, in pieces. */
export interface ChainStream extends PieceStream {
  /** Bytes of the object, as its delta says. */
  readonly size: number;
}

/** Opens objects that are deltas and too large for memory. */
export class ChainStreams {
  readonly #entries: Entries;
  readonly #descriptions: ChainDescriptions;
  readonly #limits: ReadLimits;

  constructor(entries: Entries, descriptions: ChainDescriptions, limits: ReadLimits) {
    this.#entries = entries;
    this.#descriptions = descriptions;
    this.#limits = limits;
  }

  /**
   * Opens the object whose entry is at `offset`, a delta, in pieces. Each pass over it may take as much work
   * as an object that is made in memory: what its deltas copy from behind what is kept is inflated again.
   *
   * @returns undefined if the object, its bases and their deltas fit in memory, or the chain is longer than
   * `MAX_STREAMED_CHAIN`. Close it.
   * @throws {InvalidImageError} faults `pack-entry`, `pack-inflate`, `pack-delta`, `pack-base`.
   * @throws {WorkLimitError} if a pass is certain to take too much work.
   */
  open(offset: number): ChainStream | undefined {
    const links = this.#linksOf(offset);
    if (links === undefined || this.#fitMemory(links)) return undefined;
    const at = this.#entries.at(links[0]!.delta);
    const work = new PassWork(this.#limits, at);
    const open: PieceStream[] = [];
    try {
      const stream = this.#streamOf(links, work, open);
      const { size } = stream;
      this.#limits.checkObjectWork((COST.copiedByte + COST.hashedByte) * size, at);
      return {
        size,
        next: () => {
          const piece = stream.next();
          if (piece !== undefined) work.add(COST.hashedByte * piece.length);
          return piece;
        },
        restart: () => {
          work.restart();
          stream.restart();
        },
        close: () => stream.close(),
      };
    } catch (error) {
      for (const each of open) each.close();
      throw error;
    }
  }

  /** The chain from an object down to the undeltified one; undefined if it is too long. */
  #linksOf(offset: number): Link[] | undefined {
    const entries = this.#entries;
    const links: Link[] = [];
    const seen = new Set<number>();
    let delta = entries.header(offset);
    while (delta.kind === undefined) {
      if (links.length === MAX_STREAMED_CHAIN) return undefined;
      seen.add(delta.offset);
      const base = entries.header(entries.baseOf(delta, seen));
      links.push({ delta, base });
      delta = base;
    }
    return links;
  }

  #fitMemory(links: readonly Link[]): boolean {
    return links.every(({ delta, base }, index) => {
      const { targetSize } = this.#descriptions.deltaHeader(delta);
      const isFit = this.#limits.fitsMemory(targetSize, delta.size);
      return isFit && (index < links.length - 1 || this.#limits.fitsMemory(base.size, 0));
    });
  }

  /** @param open gets each stream that is to be closed if the next cannot be opened. */
  #streamOf(links: readonly Link[], work: PassWork, open: PieceStream[]): DeltaStream {
    const memory = Math.floor(KEPT / links.length);
    const root = links.at(-1)!.base;
    let source = this.#counted(root, work, open);
    let size = root.size;
    let stream: DeltaStream | undefined;
    for (const { delta } of links.toReversed()) {
      const at = this.#entries.at(delta);
      try {
        const instructions = new DeltaInstructions(this.#counted(delta, work, open));
        if (instructions.sourceSize !== size) {
          const { sourceSize } = instructions;
          throw new DeltaError(`the delta is for a source of ${sourceSize} bytes, its base has ${size}`);
        }
        stream = new DeltaStream(new KeptPieces(source, size, memory), instructions, at, work);
      } catch (error) {
        throw deltaFault(error, at);
      }
      source = stream;
      size = stream.size;
    }
    return stream as DeltaStream;
  }

  /** An entry's own stream, which counts what it inflates. */
  #counted(header: EntryHeader, work: PassWork, open: PieceStream[]): PieceStream {
    const stream = this.#entries.stream(header);
    open.push(stream);
    return {
      next: () => {
        const piece = stream.next();
        if (piece !== undefined) work.add(COST.inflatedByte * piece.length);
        return piece;
      },
      restart: () => stream.restart(),
      close: () => stream.close(),
    };
  }
}

/** Counts the work of one pass over an object. */
class PassWork {
  readonly #limits: ReadLimits;
  readonly #at: number;
  #done = 0;

  /** @param at byte of the image at which the object lies. */
  constructor(limits: ReadLimits, at: number) {
    this.#limits = limits;
    this.#at = at;
  }

  /** Begins another pass. */
  restart(): void {
    this.#done = 0;
  }

  /** @throws {WorkLimitError} */
  add(units: number): void {
    this.#done += units;
    this.#limits.work.add(units);
    this.#limits.checkObjectWork(this.#done, this.#at);
  }
}
