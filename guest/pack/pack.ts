import type { SectorCache } from "../block/sector-cache.ts";
import { DocteurError, InvalidImageError } from "../errors.ts";
import type { GitObject, ObjectKind } from "../git/object.ts";
import { hex } from "../git/object-id.ts";
import { type Base, BaseCache } from "./base-cache.ts";
import { applyDelta, checkTargetSize, DeltaError, decodeDeltaHeader, MAX_DELTA_HEADER } from "./delta.ts";
import { decodeEntryHeader, type EntryHeader, FIRST_ENTRY, MAX_ENTRY_HEADER } from "./entry.ts";
import { EntryStream } from "./entry-stream.ts";
import { InflateError, type Inflater } from "./inflate.ts";
import { createInflater } from "./inflaters.ts";
import type { Room } from "./room.ts";

export interface PackOptions {
  /** Bytes of bases of deltas to keep. Default 6 MiB. */
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

const SMALLEST_SCRATCH = 64 * 1024;
const LARGEST_SCRATCH = 4 * 1024 * 1024;

/** Bytes of a target for which memory is taken on a delta's word. */
const LARGEST_UNCHECKED = 1024 * 1024;

/** Bytes that a byte of text is likely to inflate to: what is read at once is seldom too much. */
const LIKELY_RATIO = 4;

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
  /** A delta is needed only until it is applied, so all of them share this memory, if they are not huge. */
  #scratch: Uint8Array = new Uint8Array();
  /** Bytes of the object that was read last. */
  size = 0;

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
    this.#bases = new BaseCache(options.baseCacheSize ?? 6 * 1024 * 1024);
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
    const place = this.#cache.locate(position, length);
    const header = decodeEntryHeader(this.#cache.memory, offset, this.#start, place, place + length);
    if (header.size > (this.#end - this.#start - header.dataOffset) * MAX_DEFLATE_RATIO) {
      const what = `an entry claims ${header.size} bytes, more than the PACK can hold`;
      throw new InvalidImageError("pack-entry", what, { offset: position });
    }
    return header;
  }

  /**
   * Reads the whole object whose entry is at `offset`, and gives its kind; `size` tells how many bytes it has.
   *
   * @param room for it: one byte more than the object has.
   * @throws {InvalidImageError} faults `pack-entry`, `pack-inflate`, `pack-delta`, `pack-base`.
   * @throws {DocteurError} `OBJECT_TOO_LARGE`, if it has more than `maxObjectSize` bytes.
   */
  read(offset: number, room: Room): ObjectKind {
    const header = this.header(offset);
    if (header.kind !== undefined) {
      this.#inflate(header, room);
      return header.kind;
    }
    const base = this.#bases.get(this.#baseOf(header)) ?? this.#makeBase(header);
    this.#build(base, header, room);
    return base.kind;
  }

  /**
   * As `read`, for an object whose children in the chain are read next: it is kept as their base. Good until anything
   * else is read.
   */
  readBase(offset: number): GitObject {
    const { kind, memory, start, size } = this.#keep(offset, this.read(offset, this.#bases));
    return { kind, bytes: memory.subarray(start, start + size) };
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
    let at = this.#start + header.dataOffset;
    let total = 0;
    this.#inflater.start();
    try {
      for (let ended = false; !ended; ) {
        ended = this.#write(at, output, 0, pieceSize);
        const { consumed, produced } = this.#inflater;
        at += consumed;
        total += produced;
        if (total > header.size) throw longer(header.size);
        if (produced > 0 && take(output.subarray(0, produced)) === false) return undefined;
      }
      if (total !== header.size) throw shorter(total, header.size);
    } catch (cause) {
      throw this.#inflateFault(cause, header);
    }
    return at - this.#start;
  }

  /** Inflates an object that is stored whole. */
  #inflate(header: EntryHeader, room: Room): void {
    this.checkSize(header.size, header);
    room.reserve(header.size + 1);
    this.#inflateTo(header, room.memory, room.start);
    this.size = header.size;
  }

  /** Inflates an entry's own stream, an object or a delta, to where there is room for one byte more. */
  #inflateTo(header: EntryHeader, output: Uint8Array, start: number): void {
    // One byte more than wanted: zlib tells of the end only while there is room, and too long a stream is seen.
    const end = start + header.size + 1;
    let at = this.#start + header.dataOffset;
    let filled = start;
    this.#inflater.start();
    try {
      for (let ended = false; !ended; ) {
        ended = this.#write(at, output, filled, end);
        at += this.#inflater.consumed;
        filled += this.#inflater.produced;
        if (filled === end) throw longer(header.size);
      }
      if (filled !== end - 1) throw shorter(filled - start, header.size);
    } catch (cause) {
      throw this.#inflateFault(cause, header);
    }
  }

  /** Gives the inflater what lies at byte `at` of the image, as far as it is at hand. Whether the stream has ended. */
  #write(at: number, output: Uint8Array, start: number, end: number): boolean {
    if (at >= this.#end) throw new InflateError("is cut short by the end of the PACK");
    const cache = this.#cache;
    const wanted = Math.min(this.#end - at, 1 + Math.floor((end - start) / LIKELY_RATIO));
    const place = cache.locate(at, wanted);
    const limit = Math.min(cache.reach, place + this.#end - at);
    return this.#inflater.write(cache.memory, place, limit, output, start, end);
  }

  #inflateFault(cause: unknown, header: EntryHeader): unknown {
    if (!(cause instanceof InflateError)) return cause;
    const what = `an entry ${cause.message}`;
    return new InvalidImageError("pack-inflate", what, { offset: this.#start + header.offset }, { cause });
  }

  /** Makes the base of a delta, and those on which that is built, from one that is at hand or stored whole. */
  #makeBase(delta: EntryHeader): Base {
    const seen = new Set<number>();
    const deltas: EntryHeader[] = [];
    let base: Base | undefined;
    for (let link = delta; base === undefined; ) {
      seen.add(link.offset);
      const offset = this.#baseOf(link, seen);
      base = this.#bases.get(offset);
      if (base !== undefined) break;
      link = this.header(offset);
      if (link.kind === undefined) deltas.push(link);
      else {
        this.#inflate(link, this.#bases);
        base = this.#keep(offset, link.kind);
      }
    }
    for (const link of deltas.reverse()) {
      this.#build(base, link, this.#bases);
      base = this.#keep(link.offset, base.kind);
    }
    return base;
  }

  /** Keeps the object that was read last, to memory of the base cache. */
  #keep(offset: number, kind: ObjectKind): Base {
    return this.#bases.keep(offset, kind, this.size);
  }

  /** REF_DELTA may name any object, also a later one, so only it can lead in a circle. */
  #baseOf(delta: EntryHeader, seen?: ReadonlySet<number>): number {
    const offset = delta.baseOffset ?? this.#baseOffset(delta.baseId as Uint8Array);
    if (offset === undefined) {
      const object = hex(delta.baseId as Uint8Array);
      const at = { offset: this.#start + delta.offset, object };
      throw new InvalidImageError("pack-base", "the base of a delta is missing", at);
    }
    if (seen?.has(offset)) {
      const at = { offset: this.#start + delta.offset };
      throw new InvalidImageError("pack-base", "a chain of deltas leads back to itself", at);
    }
    return offset;
  }

  /** Builds an object on its base. */
  #build(base: Base, delta: EntryHeader, room: Room): void {
    const { size } = delta;
    this.checkSize(size, delta);
    const memory = this.#scratchOf(size + 1);
    this.#inflateTo(delta, memory, 0);
    try {
      const { sourceSize, targetSize, instructions } = decodeDeltaHeader(memory, size);
      if (sourceSize !== base.size) {
        throw new DeltaError(`the delta is for a source of ${sourceSize} bytes, its base has ${base.size}`);
      }
      this.checkSize(targetSize, delta);
      if (targetSize > LARGEST_UNCHECKED) checkTargetSize(memory, instructions, size, targetSize);
      room.reserve(targetSize, base);
      const target = { memory: room.memory, start: room.start, size: targetSize };
      applyDelta(base, memory, instructions, size, target);
      this.size = targetSize;
    } catch (cause) {
      throw this.#deltaFault(cause, delta);
    }
  }

  #scratchOf(size: number): Uint8Array {
    if (size <= this.#scratch.length) return this.#scratch;
    const memory = Buffer.allocUnsafeSlow(Math.max(size, SMALLEST_SCRATCH));
    if (size <= LARGEST_SCRATCH) this.#scratch = memory;
    return memory;
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
    try {
      return decodeDeltaHeader(start, filled).targetSize;
    } catch (cause) {
      throw this.#deltaFault(cause, delta);
    }
  }

  #deltaFault(cause: unknown, { offset }: EntryHeader): unknown {
    if (!(cause instanceof DeltaError)) return cause;
    return new InvalidImageError("pack-delta", cause.message, { offset: this.#start + offset }, { cause });
  }
}

function longer(claimed: number): InflateError {
  return new InflateError(`inflates to more than the ${claimed} bytes it claims`);
}

function shorter(total: number, claimed: number): InflateError {
  return new InflateError(`inflates to ${total} bytes and claims ${claimed}`);
}
