import type { ObjectFormat } from "../git/object-format.ts";
import type { EntryTable } from "./entry-table.ts";
import type { IdxSource } from "./idx-encode.ts";

/** The entries of a PACK in the order of their ids: all that its IDX is made of. */
export class SortedEntries implements IdxSource {
  readonly count: number;
  readonly format: ObjectFormat;
  readonly trailer: Uint8Array;
  readonly table: EntryTable;
  /** The entries, by their index in the order of ids. */
  readonly entries: Int32Array;

  constructor(table: EntryTable, entries: Int32Array, trailer: Uint8Array) {
    this.table = table;
    this.entries = entries;
    this.trailer = trailer;
    this.count = table.count;
    this.format = table.format;
  }

  /** The raw id at an index; a view. */
  idAt(index: number): Uint8Array {
    return this.table.id(this.entries[index] as number);
  }

  firstByteAt(index: number): number {
    return this.table.ids[(this.entries[index] as number) * this.format.idLength] as number;
  }

  copyId(index: number, into: Uint8Array, at: number): void {
    const { idLength } = this.format;
    const { ids } = this.table;
    const start = (this.entries[index] as number) * idLength;
    for (let i = 0; i < idLength; i++) into[at + i] = ids[start + i] as number;
  }

  crcAt(index: number): number {
    return this.table.crcs[this.entries[index] as number] as number;
  }

  offsetAt(index: number): number {
    return this.table.offsets[this.entries[index] as number] as number;
  }
}
