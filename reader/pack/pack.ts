import type { SectorCache } from "../block/sector-cache.ts";
import { type Bounds, boundsOf } from "../bounds.ts";
import type { GitObject } from "../git/object.ts";
import type { ObjectFormat } from "../git/object-format.ts";
import { ChainDescriptions, type EntryDescription } from "./chain-descriptions.ts";
import { type ChainStream, ChainStreams } from "./chain-streams.ts";
import { Chains, type PendingObject } from "./chains.ts";
import { Entries, type FindBase } from "./entries.ts";
import type { EntryHeader } from "./format.ts";
import type { Inflater } from "./inflate.ts";
import { createInflater } from "./inflaters.ts";
import type { ObjectBuffer } from "./output-buffer.ts";
import { ReadLimits } from "./read-limits.ts";
import { Work } from "./work.ts";

export interface PackOptions {
  /** Bytes of bases of deltas to keep. Default 8 MiB. */
  readonly baseCacheSize?: number | undefined;
  /** Bytes of the largest object that is read into memory at once. Default 1 GiB. */
  readonly maxObjectSize?: number | undefined;
  /** How the objects are named. */
  readonly format: ObjectFormat;
  /** Default: a new native inflater. */
  readonly inflater?: Inflater | undefined;
  /** Default: those of its size. */
  readonly bounds?: Bounds | undefined;
  /** Counts what is read, and ends it when it is too much. Default: one without a limit. */
  readonly work?: Work | undefined;
}

/**
 * Reads objects of a PACK by the offset of their entry, and holds only a bounded number of bases. It verifies
 * that an entry is well formed; `Objects` verifies by its id that it is the object that was asked for.
 */
export class Pack {
  /** The entries as they lie in the PACK. */
  readonly entries: Entries;
  readonly #limits: ReadLimits;
  readonly #chains: Chains;
  readonly #descriptions: ChainDescriptions;
  readonly #streams: ChainStreams;

  /**
   * @param start byte offset of the PACK in the image.
   * @param end byte offset before which all of the PACK lies.
   * @param baseOffset finds the base of a REF_DELTA by its raw id; it also gets the offset of the delta.
   */
  constructor(cache: SectorCache, start: number, end: number, baseOffset: FindBase, options: PackOptions) {
    const inflater = options.inflater ?? createInflater();
    this.entries = new Entries(cache, start, end, baseOffset, inflater, options.format);
    const bounds = options.bounds ?? boundsOf(end - start);
    this.#limits = new ReadLimits(bounds, options.work ?? new Work(), options.maxObjectSize ?? 1024 ** 3);
    this.#chains = new Chains(this.entries, this.#limits, options.baseCacheSize ?? 8 * 1024 * 1024);
    this.#descriptions = new ChainDescriptions(this.entries);
    this.#streams = new ChainStreams(this.entries, this.#descriptions, this.#limits);
  }

  /** How the objects are named. */
  get format(): ObjectFormat {
    return this.entries.format;
  }

  /** What reading has cost so far. */
  get work(): Work {
    return this.#limits.work;
  }

  /** What it may cost. */
  get bounds(): Bounds {
    return this.#limits.bounds;
  }

  /**
   * Reads the object whose entry is at `offset`.
   *
   * @param into gets the object; it must hold one byte more than the object has.
   * @throws {InvalidImageError} faults `pack-entry`, `pack-inflate`, `pack-delta`, `pack-base`.
   * @throws {DocteurError} `OBJECT_TOO_LARGE`, if it has more than `maxObjectSize` bytes, or if it is a delta
   * and it or one of its bases has more than `Bounds.deltaObjectSize`. @throws {WorkLimitError}
   */
  read(offset: number, into: ObjectBuffer): void {
    this.#chains.read(offset, into);
  }

  /**
   * As `read`, for an object whose children in the chain are read next: it is kept as their base. Good until
   * anything else is read.
   */
  readBase(offset: number): GitObject {
    return this.#chains.readBase(offset);
  }

  /**
   * Begins to make the object whose entry is at `offset`, a delta, step by step.
   * @throws {InvalidImageError} fault `pack-entry`.
   */
  begin(offset: number): PendingObject {
    return this.#chains.begin(offset);
  }

  /**
   * Goes on with making an object, for a caller that also serves others: between two steps anything else may
   * be read.
   *
   * @param into gets the object in the last step; the other steps do not touch it.
   * @param limit units of work after which the step ends; default none. At least one delta is applied.
   * @returns whether the object is made.
   * @throws as `read`.
   */
  advance(pending: PendingObject, into: ObjectBuffer, limit = Number.POSITIVE_INFINITY): boolean {
    return this.#chains.advance(pending, into, limit);
  }

  /**
   * Kind, size and chain depth of the object at `offset`. Costs the headers of its chain, as far as they are
   * not known, and the first bytes of its own delta.
   * @throws {InvalidImageError} as `read`.
   */
  describe(offset: number): EntryDescription {
    return this.#descriptions.describe(offset);
  }

  /** As `ChainStreams.open`. */
  openStream(offset: number): ChainStream | undefined {
    return this.#streams.open(offset);
  }

  /** @throws {DocteurError} `OBJECT_TOO_LARGE`, if so many bytes of an entry may not be held in memory. */
  checkSize(size: number, header: EntryHeader): void {
    this.#limits.checkSize(size, this.entries.at(header));
  }
}
