import type { SectorCache } from "../block/sector-cache.ts";
import { DocteurError, InvalidImageError } from "../errors.ts";
import type { GitObject, ObjectKind } from "../git/object.ts";
import { hex } from "../git/object-id.ts";
import { BaseCache } from "./base-cache.ts";
import { applyDelta, DeltaError, decodeDeltaHeader, MAX_DELTA_HEADER } from "./delta.ts";
import { decodeEntryHeader, type EntryHeader, FIRST_ENTRY, MAX_ENTRY_HEADER } from "./entry.ts";
import { EntryStream } from "./entry-stream.ts";
import { InflateError, type Inflater } from "./inflate.ts";
import { createInflater } from "./inflaters.ts";

export interface PackOptions {
  /** Bytes of bases of deltas to keep. Default 4 MiB. */
  readonly baseCacheSize?: number | undefined;
  /** Bytes of the largest object that is read into memory whole. Default 1 GiB. */
  readonly maxObjectSize?: number | undefined;
  /** Default: a new native inflater. */
  readonly inflater?: Inflater | undefined;
}

/** What an entry is, known without inflating it whole. */
export interface EntryDescription {
  readonly kind: ObjectKind;
  /** Bytes of the object. */
  readonly size: number;
  /** Deltas between it and an object that is stored whole; 0 for that one itself. */
  readonly depth: number;
}

/** Gives at least as many bytes of memory as it is asked for, none of them in `spare`, which is still needed. */
export type Allocate = (size: number, spare?: Uint8Array) => Uint8Array;

const allocateFresh: Allocate = (size) => Buffer.allocUnsafeSlow(size);

const SMALLEST_SCRATCH = 64 * 1024;
const LARGEST_SCRATCH = 4 * 1024 * 1024;

/** The best that deflate can do is 258 bytes for 2 bits, so more output than this for a byte of input is a lie. */
const MAX_DEFLATE_RATIO = 1032;

/**
 * Reads entries of a PACK by their offset: inflates, follows chains of deltas, and holds only a bounded number of bases.
 * It proves that an entry is well formed; that it is the object somebody asked for is for `Objects` to prove by its id.
 */
export class Pack {
  readonly #cache: SectorCache;
  readonly #start: number;
  readonly #end: number;
  readonly #baseOffset: (id: Uint8Array) => number | undefined;
  readonly #bases: BaseCache;
  readonly #maxObjectSize: number;
  readonly #inflater: Inflater;
  readonly #allocateBase: Allocate = (size, spare) => this.#bases.allocate(size, spare);
  /** A delta is needed only until it is applied, so all of them share this memory, if they are not huge. */
  #scratchMemory: Uint8Array = new Uint8Array();
  readonly #scratch: Allocate = (size) => {
    if (size <= this.#scratchMemory.length) return this.#scratchMemory;
    const memory = allocateFresh(Math.max(size, SMALLEST_SCRATCH));
    if (size <= LARGEST_SCRATCH) this.#scratchMemory = memory;
    return memory;
  };

  /**
   * @param start byte offset of the PACK in the image.
   * @param end byte offset that nothing of the PACK reaches beyond.
   * @param baseOffset finds the base of a REF_DELTA.
   */
  constructor(
    cache: SectorCache,
    start: number,
    end: number,
    baseOffset: (id: Uint8Array) => number | undefined,
    options: PackOptions = {},
  ) {
    this.#cache = cache;
    this.#start = start;
    this.#end = end;
    this.#baseOffset = baseOffset;
    this.#bases = new BaseCache(options.baseCacheSize ?? 4 * 1024 * 1024);
    this.#maxObjectSize = options.maxObjectSize ?? 1024 ** 3;
    this.#inflater = options.inflater ?? createInflater();
  }

  /**
   * The header of the entry at `offset`; the size it claims is one that the rest of the PACK can inflate to.
   * @throws {InvalidImageError} fault `pack-entry`.
   */
  header(offset: number): EntryHeader {
    const position = this.#start + offset;
    if (offset < FIRST_ENTRY || position >= this.#end) {
      throw new InvalidImageError("pack-entry", "an entry lies outside the PACK", { offset: position });
    }
    const length = Math.min(MAX_ENTRY_HEADER, this.#end - position);
    const header = decodeEntryHeader(this.#cache.read(position, length), offset, this.#start);
    if (header.size > (this.#end - this.#start - header.dataOffset) * MAX_DEFLATE_RATIO) {
      const what = `an entry claims ${header.size} bytes, more than the PACK can hold`;
      throw new InvalidImageError("pack-entry", what, { offset: position });
    }
    return header;
  }

  /**
   * The whole object whose entry is at `offset`, in memory of its own.
   *
   * @param allocate gives memory for it, at least as many bytes as it is asked for: one more than the object has.
   * @throws {InvalidImageError} faults `pack-entry`, `pack-inflate`, `pack-delta`, `pack-base`.
   * @throws {DocteurError} `OBJECT_TOO_LARGE`, if it has more than `maxObjectSize` bytes.
   */
  read(offset: number, allocate: Allocate = allocateFresh): GitObject {
    const header = this.header(offset);
    if (header.kind !== undefined) return { kind: header.kind, bytes: this.#inflate(header, allocate) };
    const { base, deltas } = this.#chain(header);
    let object = base;
    for (const delta of deltas.reverse()) {
      const { bytes } = object;
      const last = delta === header;
      const memory = last ? allocate : this.#allocateBase;
      object = { kind: object.kind, bytes: this.#apply(bytes, delta, (size) => memory(size, bytes)) };
      if (!last) this.#bases.keep(delta.offset, object);
    }
    return object;
  }

  /**
   * As `read`, for an object whose children in the chain are read next: it is kept as their base. Good until anything
   * else is read.
   */
  readBase(offset: number): GitObject {
    const object = this.read(offset, this.#allocateBase);
    this.#bases.keep(offset, object);
    return object;
  }

  /**
   * Kind, size and chain depth of the object at `offset`. Costs the headers of its chain and the first bytes of its own
   * delta.
   * @throws {InvalidImageError} as `read`.
   */
  describe(offset: number): EntryDescription {
    const header = this.header(offset);
    const size = header.kind === undefined ? this.#targetSize(header) : header.size;
    let link = header;
    const seen = new Set<number>();
    while (link.kind === undefined) {
      seen.add(link.offset);
      link = this.header(this.#baseOf(link, seen));
    }
    return { kind: link.kind, size, depth: seen.size };
  }

  /** @throws {DocteurError} `OBJECT_TOO_LARGE`, if so many bytes of an entry may not be held in memory. */
  checkSize(size: number, { offset }: EntryHeader): void {
    if (size <= this.#maxObjectSize) return;
    throw new DocteurError(
      "OBJECT_TOO_LARGE",
      `the object at byte ${this.#start + offset} has ${size} bytes; at most ${this.#maxObjectSize} are read into memory`,
    );
  }

  /** A reader of an entry's own stream that other readings do not disturb. Close it. */
  stream(header: EntryHeader): EntryStream {
    const bounds = { start: this.#start, end: this.#end };
    return new EntryStream(this.#cache, bounds, header, this.#inflater.another());
  }

  /**
   * Bytes of an entry's own stream as they lie in the PACK, good until anything else is read.
   *
   * @param position of the first, from the start of the stream.
   * @throws {InvalidImageError} fault `device`.
   */
  raw(header: EntryHeader, position: number, length: number): Uint8Array {
    const start = this.#start + header.dataOffset + position;
    return this.#cache.read(start, Math.min(length, this.#end - start));
  }

  /**
   * Inflates an entry's own stream piece by piece, holding no more than one piece.
   *
   * @param take is given each piece in order; it must copy what it keeps and must not read from this PACK. Returning
   * false ends the reading there.
   * @param pieceSize bytes of a piece at most. Default 64 KiB.
   * @returns the offset in the PACK where the next entry begins, undefined if `take` ended it.
   */
  inflatePieces(
    header: EntryHeader,
    take: (piece: Uint8Array) => boolean | undefined,
    pieceSize = 64 * 1024,
  ): number | undefined {
    const output = Buffer.allocUnsafeSlow(pieceSize);
    let total = 0;
    let stopped = false;
    const end = this.#feed(header, (input) => {
      const ended = this.#inflater.write(input, output, 0);
      const { produced } = this.#inflater;
      total += produced;
      if (total > header.size)
        throw new InflateError(`inflates to more than the ${header.size} bytes it claims`);
      stopped = produced > 0 && take(output.subarray(0, produced)) === false;
      return ended || stopped;
    });
    if (stopped) return undefined;
    if (total !== header.size) throw this.#shorter(header, total);
    return end;
  }

  /** Inflates an entry's own stream: an object, or a delta. */
  #inflate(header: EntryHeader, allocate: Allocate): Uint8Array {
    this.checkSize(header.size, header);
    // One byte more than wanted: zlib tells of the end only while there is room, and too long a stream is seen.
    const output = allocate(header.size + 1).subarray(0, header.size + 1);
    let filled = 0;
    this.#feed(header, (input) => {
      const ended = this.#inflater.write(input, output, filled);
      filled += this.#inflater.produced;
      if (filled > header.size)
        throw new InflateError(`inflates to more than the ${header.size} bytes it claims`);
      return ended;
    });
    if (filled !== header.size) throw this.#shorter(header, filled);
    return output.subarray(0, header.size);
  }

  /** Gives the inflater input, sector by sector, until `step` says that the stream has ended. */
  #feed(header: EntryHeader, step: (input: Uint8Array) => boolean): number {
    const position = this.#start + header.dataOffset;
    this.#inflater.start();
    let at = position;
    try {
      for (;;) {
        if (at >= this.#end) throw new InflateError("is cut short by the end of the PACK");
        const ended = step(this.#cache.piece(at, this.#end));
        at += this.#inflater.consumed;
        if (ended) return at - this.#start;
      }
    } catch (cause) {
      if (!(cause instanceof InflateError)) throw cause;
      const what = `an entry ${cause.message}`;
      throw new InvalidImageError("pack-inflate", what, { offset: this.#start + header.offset }, { cause });
    }
  }

  /** The entries from `header` down to a base that is at hand or stored whole, and that base. */
  #chain(header: EntryHeader): { base: GitObject; deltas: EntryHeader[] } {
    const deltas: EntryHeader[] = [];
    const seen = new Set<number>();
    let link = header;
    for (;;) {
      deltas.push(link);
      seen.add(link.offset);
      const offset = this.#baseOf(link, seen);
      const cached = this.#bases.get(offset);
      if (cached !== undefined) return { base: cached, deltas };
      link = this.header(offset);
      if (link.kind !== undefined) {
        const base = { kind: link.kind, bytes: this.#inflate(link, this.#allocateBase) };
        this.#bases.keep(offset, base);
        return { base, deltas };
      }
    }
  }

  /** REF_DELTA may name any object, also a later one, so only it can lead in a circle. */
  #baseOf(delta: EntryHeader, seen: ReadonlySet<number>): number {
    const at = { offset: this.#start + delta.offset };
    const offset = delta.baseOffset ?? this.#baseOffset(delta.baseId as Uint8Array);
    if (offset === undefined) {
      const object = hex(delta.baseId as Uint8Array);
      throw new InvalidImageError("pack-base", "the base of a delta is missing", { ...at, object });
    }
    if (seen.has(offset))
      throw new InvalidImageError("pack-base", "a chain of deltas leads back to itself", at);
    return offset;
  }

  #apply(source: Uint8Array, delta: EntryHeader, allocate: Allocate): Uint8Array {
    const bytes = this.#inflate(delta, this.#scratch);
    return this.#guardDelta(delta, () => {
      this.checkSize(decodeDeltaHeader(bytes).targetSize, delta);
      return applyDelta(source, bytes, allocate);
    });
  }

  #targetSize(delta: EntryHeader): number {
    const start = Buffer.alloc(MAX_DELTA_HEADER);
    let filled = 0;
    const take = (piece: Uint8Array) => {
      const taken = piece.subarray(0, MAX_DELTA_HEADER - filled);
      start.set(taken, filled);
      filled += taken.length;
      return filled < MAX_DELTA_HEADER;
    };
    this.inflatePieces(delta, take, MAX_DELTA_HEADER);
    return this.#guardDelta(delta, () => decodeDeltaHeader(start.subarray(0, filled)).targetSize);
  }

  #guardDelta<Result>(delta: EntryHeader, decode: () => Result): Result {
    try {
      return decode();
    } catch (cause) {
      if (!(cause instanceof DeltaError)) throw cause;
      throw new InvalidImageError(
        "pack-delta",
        cause.message,
        { offset: this.#start + delta.offset },
        { cause },
      );
    }
  }

  #shorter(header: EntryHeader, filled: number): InvalidImageError {
    return new InvalidImageError(
      "pack-inflate",
      `an entry inflates to ${filled} bytes and claims ${header.size}`,
      {
        offset: this.#start + header.offset,
      },
    );
  }
}
