import { ID_LENGTH } from "../git/object-id.ts";
import type { EntryTable } from "./entry-table.ts";

/** No entry. */
export const NONE = -1;

/** Places for each delta; with more of them fewer are tried in vain. */
const SPARSITY = 1.33;

/**
 * Deltas that name their base by an id that has not been met yet: a hash table of no more than places of entries, since the ids
 * lie in the table of entries as long as the deltas wait. Five bytes a delta.
 */
export class WaitingDeltas {
  readonly #table: EntryTable;
  /** The first delta that waits for an id, or `NONE`. */
  readonly #first: Int32Array;
  /** The next one that waits for the same id; the caller's, and in use for nothing else while a delta waits. */
  readonly #next: Int32Array;
  /** Nobody who makes a PACK knows them, so nobody can have all ids of it fall on one place. */
  readonly #multipliers = crypto.getRandomValues(new Uint32Array(ID_LENGTH / 4)).map((number) => number | 1);

  /**
   * @param count deltas that will wait.
   * @param next has an item for each entry.
   */
  constructor(table: EntryTable, count: number, next: Int32Array) {
    this.#table = table;
    this.#first = new Int32Array(count === 0 ? 0 : Math.ceil(count * SPARSITY) + 1).fill(NONE);
    this.#next = next;
  }

  /** Has a delta wait for the id that the table has for it. */
  add(delta: number): void {
    const place = this.#find(delta);
    this.#next[delta] = this.#first[place] as number;
    this.#first[place] = delta;
  }

  /**
   * The first of the deltas that wait for the id of an object, linked to the others by `next`; none of them waits any longer.
   * `NONE` if there is none.
   */
  take(object: number): number {
    if (this.#first.length === 0) return NONE;
    const place = this.#find(object);
    const first = this.#first[place] as number;
    if (first !== NONE) this.#first[place] = TAKEN;
    return first;
  }

  /** A delta that still waits, if there is one. */
  any(): number | undefined {
    return this.#first.find((delta) => delta >= 0);
  }

  /** Where the deltas are that wait for the id of an entry, or where they would be. */
  #find(entry: number): number {
    const first = this.#first;
    let place = this.#hash(entry) % first.length;
    while (first[place] !== NONE) {
      const delta = first[place] as number;
      if (delta !== TAKEN && this.#table.compareIds(delta, entry) === 0) return place;
      place = place + 1 === first.length ? 0 : place + 1;
    }
    return place;
  }

  #hash(entry: number): number {
    const { ids } = this.#table;
    let hash = 0;
    for (let word = 0; word < ID_LENGTH / 4; word++) {
      const value = ids.readInt32LE(entry * ID_LENGTH + word * 4);
      hash = (hash ^ (hash >>> 15)) + Math.imul(value ^ (value >>> 16), this.#multipliers[word] as number);
    }
    return (hash ^ (hash >>> 13)) >>> 0;
  }
}

/** Where deltas waited that wait no longer: what was put behind them must still be found. */
const TAKEN = -2;
