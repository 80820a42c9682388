import type { SectorCache } from "../block/sector-cache.ts";
import { type Bounds, boundsOf, MAX_CHAIN } from "../bounds.ts";
import { DocteurError } from "../errors.ts";
import type { GitObject, ObjectKind } from "../git/object.ts";
import { type Base, BaseCache } from "./base-cache.ts";
import { ChainDescriptions, deltaFault, type EntryDescription, tooDeep } from "./chain-descriptions.ts";
import { applyDelta, checkTargetSize, DeltaError, decodeDeltaHeader } from "./delta.ts";
import { Entries, type FindBase } from "./entries.ts";
import type { EntryHeader } from "./entry.ts";
import type { EntryStream } from "./entry-stream.ts";
import { free } from "./free.ts";
import type { Inflater } from "./inflate.ts";
import { createInflater } from "./inflaters.ts";
import type { ObjectBuffer, OutputBuffer } from "./output-buffer.ts";
import { COST, Work, WorkLimitError } from "./work.ts";

export interface PackOptions {
  /** Bytes of bases of deltas to keep. Default 6 MiB. */
  readonly baseCacheSize?: number | undefined;
  /** Bytes of the largest object that is read into memory whole. Default 1 GiB. */
  readonly maxObjectSize?: number | undefined;
  /** Default: a new native inflater. */
  readonly inflater?: Inflater | undefined;
  /** Default: those of its size. */
  readonly bounds?: Bounds | undefined;
  /** Counts what is read, and ends it when it is too much. Default: one without a limit. */
  readonly work?: Work | undefined;
}

/** A delta on its way to the object that it stands for; see `Pack.advance`. */
export interface Making {
  readonly header: EntryHeader;
  /** Deltas that are to be applied before it, the next one last. */
  readonly deltas: EntryHeader[];
  /** What the next one is applied to, in memory of its own; undefined before the first step. */
  base: Base | undefined;
}

const SMALLEST_SCRATCH = 64 * 1024;
const LARGEST_SCRATCH = 4 * 1024 * 1024;

/** Bytes of a target or a delta from which on it is not taken at its word. */
const LARGEST_UNCHECKED = 1024 * 1024;

/** A delta has at most this part of the bytes that the objects of a chain may have; git keeps none larger than its target's half. */
const DELTA_SHARE = 0.5;

/**
 * Reads objects of a PACK by the offset of their entry: inflates, follows chains of deltas, and holds only a bounded number of
 * bases. It proves that an entry is well formed; that it is the object somebody asked for is for `Objects` to prove by its id.
 */
export class Pack {
  /** What reading has cost so far. */
  readonly work: Work;
  /** What it may cost. */
  readonly bounds: Bounds;
  readonly #entries: Entries;
  readonly #descriptions: ChainDescriptions;
  readonly #bases: BaseCache;
  readonly #maxObjectSize: number;
  readonly #largestInChain: number;
  readonly #largestDelta: number;
  /** A delta is needed only until it is applied, so all of them share this memory, if they are not huge. */
  #scratch: Uint8Array = new Uint8Array();

  /**
   * @param start byte offset of the PACK in the image.
   * @param end byte offset that nothing of the PACK reaches beyond.
   * @param baseOffset finds the base of a REF_DELTA by its raw id; it is also told the offset of the delta.
   */
  constructor(
    cache: SectorCache,
    start: number,
    end: number,
    baseOffset: FindBase,
    options: PackOptions = {},
  ) {
    this.#entries = new Entries(cache, start, end, baseOffset, options.inflater ?? createInflater());
    this.#descriptions = new ChainDescriptions(this.#entries);
    this.#bases = new BaseCache(options.baseCacheSize ?? 6 * 1024 * 1024);
    this.#maxObjectSize = options.maxObjectSize ?? 1024 ** 3;
    this.bounds = options.bounds ?? boundsOf(end - start);
    this.work = options.work ?? new Work();
    // A delta, its base and what it makes are in memory together.
    this.#largestInChain = Math.min(this.#maxObjectSize, this.bounds.deltaObjectSize);
    this.#largestDelta = Math.min(this.#maxObjectSize, this.bounds.deltaObjectSize * DELTA_SHARE);
  }

  /**
   * The header of the entry at `offset`; the size it claims is one that the rest of the PACK can inflate to.
   * @throws {InvalidImageError} fault `pack-entry`.
   */
  header(offset: number): EntryHeader {
    return this.#entries.header(offset);
  }

  /**
   * Reads the object whose entry is at `offset`.
   *
   * @param into gets the object; it must hold one byte more than the object has.
   * @throws {InvalidImageError} faults `pack-entry`, `pack-inflate`, `pack-delta`, `pack-base`.
   * @throws {DocteurError} `OBJECT_TOO_LARGE`, if it has more than `maxObjectSize` bytes, or if it is a delta and it or one
   * of its bases has more than `Bounds.deltaObjectSize`. @throws {WorkLimitError}
   */
  read(offset: number, into: ObjectBuffer): void {
    this.#read(offset, into);
  }

  /**
   * As `read`, for an object whose children in the chain are read next: it is kept as their base. Good until anything
   * else is read.
   */
  readBase(offset: number): GitObject {
    this.#read(offset, this.#bases);
    const { kind, memory, start, size } = this.#bases.keep(offset);
    return { kind, bytes: memory.subarray(start, start + size) };
  }

  #read(offset: number, into: OutputBuffer): void {
    const header = this.header(offset);
    if (header.kind !== undefined) {
      this.#inflate(header, header.kind, into);
      return;
    }
    const base = this.#bases.get(this.#entries.baseOf(header)) ?? this.#makeBase(header);
    this.#build(base, header, into);
  }

  /**
   * Begins to make the object whose entry is at `offset`, a delta, step by step.
   * @throws {InvalidImageError} fault `pack-entry`.
   */
  startMaking(offset: number): Making {
    return { header: this.header(offset), deltas: [], base: undefined };
  }

  /**
   * Goes on with making an object. For a caller who has others to serve: between two steps anything else may be read.
   *
   * @param into gets the object in the last step, and is left alone by the others.
   * @param limit units of work after which the step ends; default none. At least one delta is applied.
   * @returns whether the object is made.
   * @throws as `read`.
   */
  advance(making: Making, into: ObjectBuffer, limit = Number.POSITIVE_INFINITY): boolean {
    const { header, deltas } = making;
    const end = this.work.done + limit;
    let base = making.base ?? this.#startOf(header, deltas);
    for (let link = deltas.pop(); link !== undefined; link = deltas.pop()) {
      base = this.#makeNext(base, link);
      if (this.work.done < end) continue;
      const memory = Buffer.allocUnsafeSlow(base.size);
      memory.set(base.memory.subarray(base.start, base.start + base.size));
      if (making.base !== undefined) free(making.base.memory);
      making.base = { ...base, memory, start: 0 };
      return false;
    }
    this.#build(base, header, into);
    return true;
  }

  /**
   * Kind, size and chain depth of the object at `offset`. Costs the headers of its chain, as far as they are not known, and the
   * first bytes of its own delta.
   * @throws {InvalidImageError} as `read`.
   */
  describe(offset: number): EntryDescription {
    return this.#descriptions.describe(offset);
  }

  /** @throws {DocteurError} `OBJECT_TOO_LARGE`, if so many bytes of an entry may not be held in memory. */
  checkSize(size: number, header: EntryHeader): void {
    if (size > this.#maxObjectSize) throw this.#tooLarge(size, this.#maxObjectSize, header);
  }

  /** A reader of an entry's own stream that other readings do not disturb. Close it. */
  stream(header: EntryHeader): EntryStream {
    return this.#entries.stream(header);
  }

  /**
   * Bytes of an entry's own stream as they lie in the PACK, good until anything else is read.
   *
   * @param position of the first, from the start of the stream.
   * @throws {InvalidImageError} fault `device`.
   */
  raw(header: EntryHeader, position: number, length: number): Uint8Array {
    return this.#entries.raw(header, position, length);
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
    return this.#entries.inflatePieces(header, take, pieceSize);
  }

  /** Inflates an object that is stored whole. */
  #inflate(header: EntryHeader, kind: ObjectKind, into: OutputBuffer): void {
    const { size } = header;
    this.checkSize(size, header);
    into.reserve(size + 1);
    const work = COST.inflatedByte * size;
    this.work.add(work);
    this.#entries.inflateTo(header, into.memory, into.start);
    into.filled(kind, size, 0, work);
  }

  /** Makes the base of a delta, and those on which that is built, from one that is at hand or stored whole. */
  #makeBase(delta: EntryHeader): Base {
    const deltas: EntryHeader[] = [];
    let base = this.#startOf(delta, deltas);
    for (let link = deltas.pop(); link !== undefined; link = deltas.pop()) base = this.#makeNext(base, link);
    return base;
  }

  /** The nearest object below a delta that is at hand or stored whole; notes the deltas between the two, the lowest last. */
  #startOf(delta: EntryHeader, deltas: EntryHeader[]): Base {
    const seen = new Set<number>();
    for (let link = delta; ; ) {
      seen.add(link.offset);
      const offset = this.#entries.baseOf(link, seen);
      const base = this.#bases.get(offset);
      if (base !== undefined) return base;
      link = this.header(offset);
      if (link.kind !== undefined) {
        if (link.size > this.#largestInChain) throw this.#tooLarge(link.size, this.#largestInChain, link);
        this.#inflate(link, link.kind, this.#bases);
        return this.#bases.keep(offset);
      }
      deltas.push(link);
      if (deltas.length >= MAX_CHAIN) throw tooDeep(this.#entries.at(delta));
    }
  }

  #makeNext(base: Base, delta: EntryHeader): Base {
    this.#build(base, delta, this.#bases);
    return this.#bases.keep(delta.offset);
  }

  /** Builds an object on its base. */
  #build(base: Base, delta: EntryHeader, into: OutputBuffer): void {
    const { size } = delta;
    if (base.depth >= MAX_CHAIN) throw tooDeep(this.#entries.at(delta));
    if (size > this.#largestDelta) throw this.#tooLarge(size, this.#largestDelta, delta);
    const memory = this.#scratchOf(size + 1);
    try {
      this.#entries.inflateTo(delta, memory, 0);
      const { sourceSize, targetSize, instructions } = decodeDeltaHeader(memory, size);
      if (sourceSize !== base.size) {
        throw new DeltaError(`the delta is for a source of ${sourceSize} bytes, its base has ${base.size}`);
      }
      if (targetSize > this.#largestInChain) throw this.#tooLarge(targetSize, this.#largestInChain, delta);
      let work = COST.delta + COST.inflatedByte * size + targetSize;
      if (targetSize > LARGEST_UNCHECKED || size > LARGEST_UNCHECKED) {
        // Counted also if it is refused for what it would take from here on.
        this.work.add(COST.inflatedByte * size);
        const count = checkTargetSize(memory, instructions, size, targetSize);
        this.#checkWork(base.work + work + COST.instruction * count, delta);
        if (into !== this.#bases) this.#bases.dropHuge(base);
      }
      into.reserve(targetSize, base);
      const target = { memory: into.memory, start: into.start, size: targetSize };
      work += COST.instruction * applyDelta(base, memory, instructions, size, target);
      this.work.add(work);
      this.#checkWork(base.work + work, delta);
      into.filled(base.kind, targetSize, base.depth + 1, base.work + work);
    } catch (cause) {
      throw deltaFault(cause, this.#entries.at(delta));
    } finally {
      if (memory !== this.#scratch) free(memory);
    }
  }

  #scratchOf(size: number): Uint8Array {
    if (size <= this.#scratch.length) return this.#scratch;
    const memory = Buffer.allocUnsafeSlow(Math.max(size, SMALLEST_SCRATCH));
    if (size <= LARGEST_SCRATCH) this.#scratch = memory;
    return memory;
  }

  #tooLarge(size: number, limit: number, entry: EntryHeader): DocteurError {
    const what = `the object at byte ${this.#entries.at(entry)} has ${size} bytes`;
    const where = limit === this.#maxObjectSize ? "" : " where deltas are concerned";
    return new DocteurError("OBJECT_TOO_LARGE", `${what}; at most ${limit}${where} are read into memory`);
  }

  /** @param work for an object, from the one that is stored whole on. @throws {WorkLimitError} */
  #checkWork(work: number, entry: EntryHeader): void {
    if (work <= this.bounds.objectWork) return;
    throw new WorkLimitError(
      `the deltas of the object at byte ${this.#entries.at(entry)} make too much work`,
    );
  }
}
