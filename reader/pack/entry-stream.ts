import type { SectorCache } from "../block/sector-cache.ts";
import { InvalidImageError } from "../errors.ts";
import type { EntryHeader } from "./format.ts";
import { InflateError, type Inflater } from "./inflate.ts";
import { PIECE_SIZE, type PieceStream } from "./piece-stream.ts";

/** Where a PACK lies in the image, in bytes; all of it lies before `end`. */
export interface PackBounds {
  readonly start: number;
  readonly end: number;
}

/**
 * An entry's own zlib stream as a cursor: one piece after the other, and back to the start. It has an
 * inflater to itself, so any number can be open at once, and holds one piece and zlib's window.
 */
export class EntryStream implements PieceStream {
  readonly #cache: SectorCache;
  readonly #bounds: PackBounds;
  readonly #header: EntryHeader;
  readonly #inflater: Inflater;
  readonly #output = Buffer.allocUnsafeSlow(PIECE_SIZE + 1);
  /** Byte offset in the image of the input that comes next. */
  #at = 0;
  #total = 0;
  #ended = false;

  constructor(cache: SectorCache, bounds: PackBounds, header: EntryHeader, inflater: Inflater) {
    this.#cache = cache;
    this.#bounds = bounds;
    this.#header = header;
    this.#inflater = inflater;
    this.restart();
  }

  /** Goes back to the first byte. */
  restart(): void {
    this.#inflater.start();
    this.#at = this.#bounds.start + this.#header.dataOffset;
    this.#total = 0;
    this.#ended = false;
  }

  /**
   * The next piece, good until the next call; undefined after the last. The last is returned only if the
   * stream ends where the header says and zlib's checksum fits.
   *
   * @throws {InvalidImageError} fault `pack-inflate`.
   */
  next(): Uint8Array | undefined {
    if (this.#ended) return undefined;
    const wanted = Math.min(PIECE_SIZE, this.#header.size - this.#total);
    const last = this.#total + wanted === this.#header.size;
    // One byte more than wanted: zlib reports the end only while the output is not full, and too long a
    // stream is seen.
    const output = this.#output.subarray(0, last ? wanted + 1 : wanted);
    const filled = this.#fill(output);
    this.#total += filled;
    if (filled > wanted) throw this.#fail(`inflates to more than the ${this.#header.size} bytes it claims`);
    if (this.#ended && this.#total < this.#header.size) {
      throw this.#fail(`inflates to ${this.#total} bytes and claims ${this.#header.size}`);
    }
    return filled === 0 ? undefined : output.subarray(0, filled);
  }

  /** Bytes of input taken since the start: after the last piece, the length of the stream. */
  get consumed(): number {
    return this.#at - this.#bounds.start - this.#header.dataOffset;
  }

  /** Frees zlib's memory. */
  close(): void {
    this.#inflater.close();
  }

  /** Inflates until the output is full or the stream ends. */
  #fill(output: Uint8Array): number {
    let filled = 0;
    try {
      while (filled < output.length && !this.#ended) {
        if (this.#at >= this.#bounds.end) throw new InflateError("is cut short by the end of the PACK");
        const input = this.#cache.piece(this.#at, this.#bounds.end);
        const step = this.#inflater.write(input, 0, input.length, output, filled, output.length);
        this.#ended = step.ended;
        this.#at += step.consumed;
        filled += step.produced;
      }
    } catch (cause) {
      if (!(cause instanceof InflateError)) throw cause;
      throw this.#fail(cause.message, { cause });
    }
    return filled;
  }

  #fail(message: string, options?: ErrorOptions): InvalidImageError {
    const offset = this.#bounds.start + this.#header.offset;
    return new InvalidImageError("pack-inflate", `an entry ${message}`, { offset }, options);
  }
}
