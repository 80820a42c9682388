import type { EntryTable } from "./entry-table.ts";

/** Entries of a bucket, on average, at most. */
const FEW = 8;

/** Binary digits of an id that buckets go by, at most. */
const MOST_BITS = 22;

/** Entries beyond which a bucket is not what ids that are as good as random give. */
const SUSPICIOUS = 64;

/**
 * The entries of a PACK in the order of their ids, those of one id in the order of the PACK. Ids are as good
 * as random: by their first bits they fall into buckets of a few. Four bytes an entry, and one for the
 * buckets.
 */
export class IdOrder {
  /** The entries, in that order. */
  readonly entries: Int32Array;
  readonly #table: EntryTable;
  /** Where in `entries` each bucket starts; one more than there are buckets. */
  readonly #starts: Uint32Array;
  readonly #shift: number;

  private constructor(table: EntryTable, entries: Int32Array, starts: Uint32Array, shift: number) {
    this.#table = table;
    this.entries = entries;
    this.#starts = starts;
    this.#shift = shift;
  }

  /** @param entries gets the order. Default: new memory. */
  static sort(table: EntryTable, entries: Int32Array = new Int32Array(table.count)): IdOrder {
    const { count, ids, format } = table;
    const bits = Math.max(0, Math.min(MOST_BITS, Math.floor(Math.log2(Math.max(1, count) / FEW))));
    const shift = 24 - bits;
    const starts = new Uint32Array(2 ** bits + 1);
    const length = format.idLength;
    for (let at = 0; at < count * length; at += length) starts[bucketOf(ids, at, shift)]!++;
    let below = 0;
    for (let bucket = 0; bucket < starts.length; bucket++) {
      below += starts[bucket] as number;
      starts[bucket] = below;
    }
    for (let entry = count - 1; entry >= 0; entry--) {
      entries[--starts[bucketOf(ids, entry * length, shift)]!] = entry;
    }
    const order = new IdOrder(table, entries, starts, shift);
    for (let bucket = 0; bucket + 1 < starts.length; bucket++) order.#sortBucket(bucket);
    return order;
  }

  /** Whether two entries have one id. */
  get hasDuplicates(): boolean {
    const { entries } = this;
    const { ids, format } = this.#table;
    for (let index = 1; index < entries.length; index++) {
      const before = entries[index - 1] as number;
      if (compare(this.#table, before, ids, (entries[index] as number) * format.idLength) === 0) return true;
    }
    return false;
  }

  #sortBucket(bucket: number): void {
    const { entries } = this;
    const table = this.#table;
    const start = this.#starts[bucket] as number;
    const end = this.#starts[bucket + 1] as number;
    const length = table.format.idLength;
    if (end - start > SUSPICIOUS) {
      entries.subarray(start, end).sort((a, b) => table.compareIds(a, b) || a - b);
      return;
    }
    for (let next = start + 1; next < end; next++) {
      const entry = entries[next] as number;
      let at = next;
      for (; at > start && compare(table, entries[at - 1] as number, table.ids, entry * length) > 0; at--) {
        entries[at] = entries[at - 1] as number;
      }
      entries[at] = entry;
    }
  }

  /** The index of the first entry that has the raw id that `ids` hold from `start` on. */
  indexOf(ids: Uint8Array, start: number): number | undefined {
    const { entries } = this;
    const table = this.#table;
    const bucket = bucketOf(ids, start, this.#shift);
    let low = this.#starts[bucket] as number;
    const end = this.#starts[bucket + 1] as number;
    let high = end;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compare(table, entries[middle] as number, ids, start) < 0) low = middle + 1;
      else high = middle;
    }
    return low < end && compare(table, entries[low] as number, ids, start) === 0 ? low : undefined;
  }
}

function bucketOf(ids: Uint8Array, at: number, shift: number): number {
  const first = ((ids[at] as number) << 16) | ((ids[at + 1] as number) << 8) | (ids[at + 2] as number);
  return first >>> shift;
}

/** Below zero, zero or above as the id of an entry comes before the one at `start`, is the same or comes after it. */
function compare({ ids, format }: EntryTable, entry: number, other: Uint8Array, start: number): number {
  const { idLength } = format;
  const own = entry * idLength;
  for (let i = 0; i < idLength; i++) {
    const difference = (ids[own + i] as number) - (other[start + i] as number);
    if (difference !== 0) return difference;
  }
  return 0;
}
