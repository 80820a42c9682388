import type { ObjectKind } from "../git/object.ts";
import type { ObjectFormat } from "../git/object-format.ts";
import type { EntryTable } from "./entry-table.ts";
import { IdOrder } from "./id-order.ts";
import type { ObjectIndex } from "./object-index.ts";
import type { ScannedPack } from "./scan.ts";
import { SortedEntries } from "./sorted-entries.ts";

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
 * All that a PACK says about itself; serves where an IDX is missing or not to be trusted. 50 bytes an object,
 * by SHA-256 62.
 */
export class PackAnalysis implements ObjectIndex {
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
  readonly #order: IdOrder;
  /** The entries in the order of their ids: an IDX. */
  readonly sorted: SortedEntries;

  /**
   * @param depths per entry the number of deltas between it and an undeltified object.
   * @param parents per entry the one that it is built on, below zero if there is none.
   * @param order the entries in the order of their ids. Default: they are sorted here.
   */
  constructor(
    { table, trailer }: ScannedPack,
    depths: Uint16Array,
    parents: Int32Array,
    order: IdOrder = IdOrder.sort(table),
  ) {
    this.#table = table;
    this.#depths = depths;
    this.#parents = parents;
    this.count = table.count;
    this.format = table.format;
    this.size = (table.offsets[table.count] as number) + table.format.idLength;
    this.trailer = trailer;
    this.#order = order;
    this.sorted = new SortedEntries(table, order.entries, trailer);
  }

  find(ids: Uint8Array, start = 0): number | undefined {
    const index = this.indexOf(ids, start);
    return index === undefined ? undefined : this.offsetAt(index);
  }

  /** The index, in the order of ids, of the first object with this raw id. */
  indexOf(ids: Uint8Array, start = 0): number | undefined {
    return this.#order.indexOf(ids, start);
  }

  /** The raw id at an index in the order of ids; a view. */
  idAt(index: number): Uint8Array {
    return this.sorted.idAt(index);
  }

  crcAt(index: number): number {
    return this.sorted.crcAt(index);
  }

  offsetAt(index: number): number {
    return this.sorted.offsetAt(index);
  }

  kindAt(index: number): ObjectKind {
    return this.#table.kind(this.sorted.entries[index] as number) as ObjectKind;
  }

  /** Bytes of the object at an index. */
  sizeAt(index: number): number {
    return this.#table.size(this.sorted.entries[index] as number);
  }

  /** Deltas between the object at an index and an undeltified one. */
  depthAt(index: number): number {
    return this.#depths[this.sorted.entries[index] as number] as number;
  }

  /** Bytes of the entry at an index in the PACK, header and all. */
  packedSizeAt(index: number): number {
    const { offsets } = this.#table;
    const entry = this.sorted.entries[index] as number;
    return (offsets[entry + 1] as number) - (offsets[entry] as number);
  }

  /** The offset in the PACK of what the object at an index is built on; undefined if it is undeltified. */
  baseOffsetAt(index: number): number | undefined {
    const parent = this.#parents[this.sorted.entries[index] as number] as number;
    return parent < 0 ? undefined : (this.#table.offsets[parent] as number);
  }

  /** Where the entries lie that the object at an index is built on, the nearest first. */
  *basesAt(index: number): Generator<{ readonly offset: number; readonly length: number }> {
    const { offsets } = this.#table;
    let base = this.#parents[this.sorted.entries[index] as number] as number;
    for (; base >= 0; base = this.#parents[base] as number) {
      const offset = offsets[base] as number;
      yield { offset, length: (offsets[base + 1] as number) - offset };
    }
  }

  /** All entries, in the order of their ids as an IDX has them. */
  *entries(): Generator<AnalyzedEntry> {
    for (let index = 0; index < this.count; index++) {
      yield {
        offset: this.offsetAt(index),
        packedSize: this.packedSizeAt(index),
        kind: this.kindAt(index),
        size: this.sizeAt(index),
        crc: this.crcAt(index),
        id: this.idAt(index),
        depth: this.depthAt(index),
      };
    }
  }
}
