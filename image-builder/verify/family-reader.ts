import type { SectorCache } from "../../reader/block/sector-cache.ts";
import { OBJECT_HEADER_LENGTH, objectHash, objectIdInPlace } from "../../reader/git/object.ts";
import { crc32 } from "../../reader/node-platform.ts";
import { type Base, BaseCache } from "../../reader/pack/base-cache.ts";
import { DeltaBuilder } from "../../reader/pack/delta-builder.ts";
import type { Entries } from "../../reader/pack/entries.ts";
import type { EntryTable } from "../../reader/pack/entry-table.ts";
import type { EntryHeader } from "../../reader/pack/format.ts";
import { free } from "../../reader/pack/free.ts";
import { type DecodedObject, type MemoryRange, ObjectBuffer } from "../../reader/pack/output-buffer.ts";
import type { ReadLimits } from "../../reader/pack/read-limits.ts";
import { NONE } from "../../reader/pack/waiting-deltas.ts";
import { COST } from "../../reader/pack/work.ts";
import type { DeltaForest } from "./delta-forest.ts";
import { Doubt } from "./doubt.ts";

/** Bytes of bases of deltas that are kept. */
const BASE_CACHE = 4 * 1024 * 1024;

/** Objects between two pauses, at least. */
const PAUSE = 32;

/** Bytes of memory that is kept for the next family. */
const LARGEST_REUSED = 2 * 1024 * 1024;

/** Bytes of an object that is hashed at once; a larger one passes through a window, if nothing builds on it. */
const LARGEST_WHOLE = 256 * 1024;

/**
 * Identifies entries of a PACK with all that builds on them: inflates each once, applies deltas while their
 * base is at hand, and writes the ids, sizes, kinds, CRC-32s and depths. What it reads it finds by the parents
 * of a forest.
 *
 * Its methods throw when anything is wrong, not always what a scan from the first byte on would find.
 */
export class FamilyReader {
  readonly #cache: SectorCache;
  readonly #entries: Entries;
  readonly #table: EntryTable;
  readonly #forest: DeltaForest;
  readonly #limits: ReadLimits;
  readonly #bases = new HeadedBases(BASE_CACHE);
  readonly #builder: DeltaBuilder;
  readonly #alone = new ReusedBuffer();
  /** Entries identified since somebody has set this to 0. */
  identified = 0;

  constructor(
    cache: SectorCache,
    entries: Entries,
    table: EntryTable,
    forest: DeltaForest,
    limits: ReadLimits,
  ) {
    this.#cache = cache;
    this.#entries = entries;
    this.#table = table;
    this.#forest = forest;
    this.#limits = limits;
    this.#builder = new DeltaBuilder(entries, this.#bases, limits);
  }

  /**
   * Identifies a top and all that builds on it, except other tops: of the deltas on one base those first that
   * nothing builds on. No recursion. Pauses after every few objects.
   */
  *identifyFamily(top: number): Generator<void, void> {
    yield* this.#identifyTree(top);
    // What is large is of no use to the next family.
    this.#bases.dropHuge(undefined, LARGEST_REUSED);
    this.#alone.drop(LARGEST_REUSED);
  }

  *#identifyTree(top: number): Generator<void, void> {
    const { firstChild, nextSibling, parents } = this.#forest;
    this.#identify(top);
    if (this.#forest.isWide(top)) return;
    for (let entry = top; ; ) {
      let next = firstChild[entry] as number;
      for (let child = next; child !== NONE; child = nextSibling[child] as number) {
        if (firstChild[child] !== NONE) continue;
        this.#identify(child);
        if (this.identified >= PAUSE) yield;
      }
      next = this.#withChildren(next);
      while (next === NONE) {
        if (entry === top) return;
        next = this.#withChildren(nextSibling[entry] as number);
        entry = parents[entry] as number;
      }
      entry = next;
      this.#identify(entry);
      if (this.identified >= PAUSE) yield;
    }
  }

  /** The first of an entry and its siblings after it that has children. */
  #withChildren(entry: number): number {
    const { firstChild, nextSibling } = this.#forest;
    let found = entry;
    while (found !== NONE && firstChild[found] === NONE) found = nextSibling[found] as number;
    return found;
  }

  #identify(entry: number): void {
    const offset = this.#table.offsets[entry] as number;
    const header = this.#entries.header(offset);
    const isBase = this.#forest.firstChild[entry] !== NONE;
    let end: number;
    if (header.kind === undefined) end = this.#readDelta(entry, header, isBase);
    else if (isBase) end = this.#readRoot(entry, header);
    else end = this.#readAlone(entry, header);
    this.#end(entry, offset, end);
    this.identified++;
  }

  #readDelta(entry: number, header: EntryHeader, isBase: boolean): number {
    const parent = this.#forest.parents[entry] as number;
    const base = this.#bases.get(this.#table.offsets[parent] as number) ?? this.#remake(parent);
    // Of what is large, the cache has memory for a base and what is made from it, and nothing else should.
    const into = isBase || base.size > LARGEST_REUSED ? this.#bases : this.#alone;
    const end = this.#builder.build(base, header, into);
    this.#forest.depths[entry] = into.depth;
    this.#name(entry, into);
    this.#limits.work.add(COST.hashedByte * into.size);
    if (isBase) this.#bases.keep(header.offset);
    return end;
  }

  /** Reads an undeltified object that deltas are built on. */
  #readRoot(entry: number, header: EntryHeader): number {
    const end = this.#inflateRoot(header);
    this.#name(entry, this.#bases);
    this.#bases.keep(header.offset);
    return end;
  }

  #inflateRoot(header: EntryHeader): number {
    const { size, kind } = header;
    this.#limits.checkChainedSize(size, this.#entries.at(header));
    const work = COST.inflatedByte * size;
    this.#limits.work.add(work);
    this.#bases.reserve(size + 1);
    const end = this.#entries.inflateTo(header, this.#bases.memory, this.#bases.start);
    this.#bases.filled(kind!, size, 0, work);
    return end;
  }

  /** Makes a base again that is no longer kept, and those that it is built on. */
  #remake(entry: number): Base {
    const { parents } = this.#forest;
    const { offsets } = this.#table;
    const missing = [entry];
    let base: Base | undefined;
    for (let link = parents[entry] as number; link !== NONE; link = parents[link] as number) {
      base = this.#bases.get(offsets[link] as number);
      if (base !== undefined) break;
      missing.push(link);
    }
    for (let link = missing.pop(); link !== undefined; link = missing.pop()) {
      const header = this.#entries.header(offsets[link] as number);
      if (base === undefined) this.#inflateRoot(header);
      else this.#builder.build(base, header, this.#bases);
      base = this.#bases.keep(header.offset);
    }
    return base!;
  }

  /** Reads an undeltified object on which nothing is built. It may be of any size. */
  #readAlone(entry: number, header: EntryHeader): number {
    const kind = header.kind!;
    const { size } = header;
    if (size <= LARGEST_WHOLE) {
      this.#alone.reserve(size + 1);
      const end = this.#entries.inflateTo(header, this.#alone.memory, this.#alone.start);
      this.#alone.filled(kind, size, 0, 0);
      this.#name(entry, this.#alone);
      return end;
    }
    const hash = objectHash(kind, size, this.#entries.format);
    const end = this.#entries.inflatePieces(header, (piece) => {
      hash.update(piece);
      return true;
    }) as number;
    this.#table.resolve(entry, kind, size, hash.digest());
    return end;
  }

  /** Writes what an object is to the table. */
  #name(entry: number, { kind, memory, start, size }: DecodedObject): void {
    const id = objectIdInPlace(kind, memory, start, size, this.#entries.format);
    this.#table.resolveById(entry, kind, size, id);
  }

  /** Notes the end of an entry, which must be where the next one begins, and computes its CRC-32. */
  #end(entry: number, offset: number, end: number): void {
    const { offsets, count, crcs } = this.#table;
    if (entry === count - 1) offsets[count] = end;
    else if (offsets[entry + 1] !== end) throw new Doubt();
    const limit = this.#entries.start + end;
    let crc = 0;
    for (let at = this.#entries.start + offset; at < limit; ) {
      const piece = this.#cache.piece(at, limit);
      crc = crc32(piece, crc);
      at += piece.length;
    }
    crcs[entry] = crc;
  }
}

/** A cache of bases, each with room before it for what git hashes first. */
class HeadedBases extends BaseCache {
  override reserve(size: number, kept?: MemoryRange): void {
    super.reserve(OBJECT_HEADER_LENGTH + size, kept);
    this.start += OBJECT_HEADER_LENGTH;
  }
}

/** Memory for one object after the other. */
class ReusedBuffer extends ObjectBuffer {
  protected override allocate(size: number): number {
    if (size > this.memory.length) {
      free(this.memory);
      this.memory = Buffer.allocUnsafeSlow(Math.max(size, LARGEST_WHOLE + OBJECT_HEADER_LENGTH + 1));
    }
    return 0;
  }

  /** Frees its memory if that is more than `most` bytes. */
  drop(most: number): void {
    if (this.memory.length <= most) return;
    free(this.memory);
    this.memory = new Uint8Array();
  }
}
