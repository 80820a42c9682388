import type { ObjectKind } from "../git/object.ts";
import type { ObjectFormat } from "../git/object-format.ts";
import type { EntryTable } from "./entry-table.ts";
import type { IdxSource } from "./idx-encode.ts";
import type { ObjectIndex } from "./object-index.ts";
import type { ScannedPack } from "./scan.ts";

/** What is known of one entry of a PACK once it has been analyzed. */
export interface AnalyzedEntry {
  /** Offset from the start of the PACK. */
  readonly offset: number;
  /** Bytes in the PACK, header and all. */
  readonly packedSize: number;
  readonly kind: ObjectKind;
  /** Bytes of the object. */
  readonly size: number;
  /** CRC-32 of the entry as it lies in the PACK. */
  readonly crc: number;
  /** The computed raw id. */
  readonly id: Uint8Array;
  /** Deltas between it and an undeltified object. */
  readonly depth: number;
}

/**
 * All that a PACK says about itself; serves where an IDX is missing or not to be trusted. Less than 50 bytes
 * an object.
 */
export class PackAnalysis implements ObjectIndex, IdxSource {
  readonly count: number;
  /** How the objects are named. */
  readonly format: ObjectFormat;
  /** Bytes of the PACK, trailer and all. */
  readonly size: number;
  /** The checksum that the PACK ends with, verified. */
  readonly trailer: Uint8Array;
  readonly #table: EntryTable;
  readonly #depths: Uint16Array;
  readonly #parents: Int32Array;
  /** Entries in the order of their ids. */
  readonly #byId: Uint32Array;

  /** @param parents per entry the one that it is built on, below zero if there is none. */
  constructor({ table, trailer }: ScannedPack, depths: Uint16Array, parents: Int32Array) {
    this.#table = table;
    this.#depths = depths;
    this.#parents = parents;
    this.count = table.count;
    this.format = table.format;
    this.size = (table.offsets[table.count] as number) + table.format.idLength;
    this.trailer = trailer;
    this.#byId = sortedById(table);
  }

  find(ids: Uint8Array, start = 0): number | undefined {
    const index = this.indexOf(ids, start);
    return index === undefined ? undefined : this.offsetAt(index);
  }

  /** The index, in the order of ids, of the first object with this raw id. */
  indexOf(ids: Uint8Array, start = 0): number | undefined {
    const all = this.#table.ids;
    const length = this.format.idLength;
    const compare = (index: number) => {
      const id = (this.#byId[index] as number) * length;
      return all.compare(ids, start, start + length, id, id + length);
    };
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compare(middle) < 0) low = middle + 1;
      else high = middle;
    }
    return low < this.count && compare(low) === 0 ? low : undefined;
  }

  /** The raw id at an index in the order of ids; a view. */
  idAt(index: number): Uint8Array {
    return this.#table.id(this.#byId[index] as number);
  }

  crcAt(index: number): number {
    return this.#table.crcs[this.#byId[index] as number] as number;
  }

  offsetAt(index: number): number {
    return this.#table.offsets[this.#byId[index] as number] as number;
  }

  kindAt(index: number): ObjectKind {
    return this.#table.kind(this.#byId[index] as number) as ObjectKind;
  }

  /** All entries, in the order of their ids as an IDX has them. */
  *entries(): Generator<AnalyzedEntry> {
    const { offsets } = this.#table;
    for (const [index, entry] of this.#byId.entries()) {
      const offset = offsets[entry] as number;
      yield {
        offset,
        packedSize: (offsets[entry + 1] as number) - offset,
        kind: this.kindAt(index),
        size: this.#table.size(entry),
        crc: this.crcAt(index),
        id: this.idAt(index),
        depth: this.#depths[entry] as number,
      };
    }
  }
}

/** Ids are as good as random: by their first bits they fall into buckets of a few. */
const BUCKETS = 2 ** 16;

/**
 * The entries in the order of their ids, those of one id in the order of the PACK. Sorts in place except
 * small buckets.
 */
function sortedById(table: EntryTable): Uint32Array {
  const { count, ids, format } = table;
  const bucketOf = (entry: number) => ids.readUInt16BE(entry * format.idLength);
  const ends = new Uint32Array(BUCKETS);
  for (let entry = 0; entry < count; entry++) ends[bucketOf(entry)]!++;
  for (let bucket = 1; bucket < BUCKETS; bucket++) ends[bucket]! += ends[bucket - 1] as number;
  const starts = ends.slice();
  const sorted = new Uint32Array(count);
  for (let entry = count - 1; entry >= 0; entry--) sorted[--starts[bucketOf(entry)]!] = entry;
  const compare = (a: number, b: number) => table.compareIds(a, b) || a - b;
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    const [start, end] = [starts[bucket] as number, ends[bucket] as number];
    if (end - start > 1) sorted.subarray(start, end).sort(compare);
  }
  return sorted;
}
