import { type SectorCache, Window } from "../block/sector-cache.ts";
import { InvalidImageError } from "../errors.ts";
import type { ObjectFormat } from "../git/object-format.ts";
import { hex } from "../git/object-id.ts";
import { EntryStream } from "./entry-stream.ts";
import { decodeEntryHeader, type EntryHeader, FIRST_ENTRY, maxEntryHeader } from "./format.ts";
import { type Inflated, InflateError, type Inflater } from "./inflate.ts";

/** Bytes that a byte of text is likely to inflate to: what is read at once is seldom too much. */
const LIKELY_RATIO = 4;

/**
 * The best that deflate can do is 258 bytes for 2 bits, so more output than this for a byte of input is a
 * lie.
 */
const MAX_DEFLATE_RATIO = 1032;

/** Gives the offset of the base of a REF_DELTA, by the base's raw id and the delta's own offset. */
export type FindBase = (id: Uint8Array, delta: number) => number | undefined;

/**
 * The entries of a PACK by their offsets, as they lie there: headers and zlib streams. `Chains` applies
 * deltas.
 */
export class Entries {
  readonly #cache: SectorCache;
  /** Byte offset of the PACK in the image. */
  readonly start: number;
  readonly #end: number;
  readonly format: ObjectFormat;
  /** Bytes of a header at most. */
  readonly #maxHeader: number;
  readonly #baseOffset: FindBase;
  readonly #inflater: Inflater;
  /** Where the input of the next step lies. */
  readonly #input = new Window();
  /** For one piece after the other. */
  #piece: Buffer = Buffer.alloc(0);

  /** As `Pack`; `inflater` must not be in use when this reads. */
  constructor(
    cache: SectorCache,
    start: number,
    end: number,
    baseOffset: FindBase,
    inflater: Inflater,
    format: ObjectFormat,
  ) {
    this.#cache = cache;
    this.start = start;
    this.#end = end;
    this.#baseOffset = baseOffset;
    this.#inflater = inflater;
    this.format = format;
    this.#maxHeader = maxEntryHeader(format);
  }

  /**
   * The header of the entry at `offset`; the size it claims is one that the rest of the PACK can inflate to.
   * @throws {InvalidImageError} fault `pack-entry`.
   */
  header(offset: number): EntryHeader {
    const position = this.start + offset;
    if (offset < FIRST_ENTRY || position >= this.#end) {
      throw new InvalidImageError("pack-entry", "an entry lies outside the PACK", { offset: position });
    }
    const length = Math.min(this.#maxHeader, this.#end - position);
    const input = this.#input;
    this.#cache.window(position, length, input);
    const header = decodeEntryHeader(
      this.#cache.memory,
      offset,
      this.start,
      this.format,
      input.start,
      input.start + length,
    );
    if (header.size > (this.#end - this.start - header.dataOffset) * MAX_DEFLATE_RATIO) {
      const what = `an entry claims ${header.size} bytes, more than the PACK can hold`;
      throw new InvalidImageError("pack-entry", what, { offset: position });
    }
    return header;
  }

  /**
   * The offset of a delta's base.
   *
   * @param seen offsets of the chain so far. REF_DELTA may name any object, also a later one, so only it can
   * lead in a circle.
   * @throws {InvalidImageError} fault `pack-base`.
   */
  baseOf(delta: EntryHeader, seen?: ReadonlySet<number>): number {
    const offset = delta.baseOffset ?? this.#baseOffset(delta.baseId as Uint8Array, delta.offset);
    if (offset === undefined) {
      const object = hex(delta.baseId as Uint8Array);
      throw new InvalidImageError("pack-base", "the base of a delta is missing", {
        offset: this.at(delta),
        object,
      });
    }
    if (seen?.has(offset)) {
      const what = "a chain of deltas leads back to itself";
      throw new InvalidImageError("pack-base", what, { offset: this.at(delta) });
    }
    return offset;
  }

  /** Byte of the image at which an entry lies. */
  at({ offset }: EntryHeader): number {
    return this.start + offset;
  }

  /** A reader of an entry's own stream that other reads do not disturb. Close it. */
  stream(header: EntryHeader): EntryStream {
    const bounds = { start: this.start, end: this.#end };
    return new EntryStream(this.#cache, bounds, header, this.#inflater.another());
  }

  /**
   * Bytes of an entry's own stream as they lie in the PACK, good until anything else is read.
   *
   * @param position of the first, from the start of the stream.
   * @throws {InvalidImageError} fault `device`.
   */
  raw(header: EntryHeader, position: number, length: number): Uint8Array {
    const start = this.start + header.dataOffset + position;
    return this.#cache.read(start, Math.min(length, this.#end - start));
  }

  /**
   * Inflates an entry's own stream piece by piece, holding no more than one piece.
   *
   * @param take gets each piece in order; it must copy what it keeps and must not read from this PACK. If it
   * returns false, reading ends there.
   * @param pieceSize bytes of a piece at most. Default 64 KiB.
   * @returns the offset in the PACK where the next entry begins, undefined if `take` ended it.
   */
  inflatePieces(
    header: EntryHeader,
    take: (piece: Uint8Array) => boolean | undefined,
    pieceSize = 64 * 1024,
  ): number | undefined {
    if (this.#piece.length < pieceSize) this.#piece = Buffer.allocUnsafeSlow(pieceSize);
    const output = this.#piece;
    let at = this.start + header.dataOffset;
    let total = 0;
    this.#inflater.start();
    try {
      for (let isEnd = false; !isEnd; ) {
        const { consumed, produced, ended } = this.#write(at, output, 0, pieceSize);
        isEnd = ended;
        at += consumed;
        total += produced;
        if (total > header.size) throw longer(header.size);
        if (produced > 0 && take(output.subarray(0, produced)) === false) return undefined;
      }
      if (total !== header.size) throw shorter(total, header.size);
    } catch (cause) {
      throw this.#inflateFault(cause, header);
    }
    return at - this.start;
  }

  /**
   * Inflates an entry's own stream, an object or a delta, to where one byte more can be written.
   * @returns the offset in the PACK where the next entry begins.
   */
  inflateTo(header: EntryHeader, output: Uint8Array, start: number): number {
    // One byte more than wanted: zlib reports the end only while the output is not full, and too long a
    // stream is seen.
    const end = start + header.size + 1;
    let at = this.start + header.dataOffset;
    let filled = start;
    this.#inflater.start();
    try {
      for (let isEnd = false; !isEnd; ) {
        const { consumed, produced, ended } = this.#write(at, output, filled, end);
        isEnd = ended;
        at += consumed;
        filled += produced;
        if (filled === end) throw longer(header.size);
      }
      if (filled !== end - 1) throw shorter(filled - start, header.size);
    } catch (cause) {
      throw this.#inflateFault(cause, header);
    }
    return at - this.start;
  }

  /** Feeds the inflater with the bytes from byte `at` of the image on that are contiguous in memory. */
  #write(at: number, output: Uint8Array, start: number, end: number): Inflated {
    if (at >= this.#end) throw new InflateError("is cut short by the end of the PACK");
    const cache = this.#cache;
    const wanted = Math.min(this.#end - at, 1 + Math.floor((end - start) / LIKELY_RATIO));
    const input = this.#input;
    cache.window(at, wanted, input);
    const limit = Math.min(input.end, input.start + this.#end - at);
    return this.#inflater.write(cache.memory, input.start, limit, output, start, end);
  }

  #inflateFault(cause: unknown, header: EntryHeader): unknown {
    if (!(cause instanceof InflateError)) return cause;
    const what = `an entry ${cause.message}`;
    return new InvalidImageError("pack-inflate", what, { offset: this.at(header) }, { cause });
  }
}

function longer(claimed: number): InflateError {
  return new InflateError(`inflates to more than the ${claimed} bytes it claims`);
}

function shorter(total: number, claimed: number): InflateError {
  return new InflateError(`inflates to ${total} bytes and claims ${claimed}`);
}
