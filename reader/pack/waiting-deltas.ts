import type { EntryTable } from "./entry-table.ts";

/** No entry. */
export const NONE = -1;

/** Slots for each delta; with more of them fewer are tried in vain. */
const SPARSITY = 1.33;

/**
 * Deltas that name their base by an id that has not been met yet: a hash table that holds no more than the
 * numbers of entries, since the ids lie in the table of entries as long as the deltas wait. Five bytes a
 * delta.
 */
export class WaitingDeltas {
  readonly #table: EntryTable;
  /** The first delta that waits for an id, or `NONE`. */
  readonly #first: Int32Array;
  /**
   * The next one that waits for the same id; the caller's, and in use for nothing else while a delta waits.
   */
  readonly #next: Int32Array;
  /** Random, so that no PACK can be made whose ids all hash to one slot. One for each four bytes of an id. */
  readonly #multipliers: Uint32Array;

  /**
   * @param count deltas that will wait.
   * @param next has an item for each entry.
   */
  constructor(table: EntryTable, count: number, next: Int32Array) {
    this.#table = table;
    const words = table.format.idLength / 4;
    this.#multipliers = crypto.getRandomValues(new Uint32Array(words)).map((number) => number | 1);
    this.#first = new Int32Array(count === 0 ? 0 : Math.ceil(count * SPARSITY) + 1).fill(NONE);
    this.#next = next;
  }

  /** Has a delta wait for the id that the table has for it. */
  add(delta: number): void {
    const slot = this.#find(delta);
    this.#next[delta] = this.#first[slot] as number;
    this.#first[slot] = delta;
  }

  /**
   * The first of the deltas that wait for the id of an object, linked to the others by `next`; none of them
   * waits any longer. `NONE` if there is none.
   */
  take(object: number): number {
    if (this.#first.length === 0) return NONE;
    const slot = this.#find(object);
    const first = this.#first[slot] as number;
    if (first !== NONE) this.#first[slot] = TAKEN;
    return first;
  }

  /** A delta that still waits, if there is one. */
  any(): number | undefined {
    return this.#first.find((delta) => delta >= 0);
  }

  /** The slot of the deltas that wait for the id of an entry, or the one where they would be. */
  #find(entry: number): number {
    const first = this.#first;
    let slot = this.#hash(entry) % first.length;
    while (first[slot] !== NONE) {
      const delta = first[slot] as number;
      if (delta !== TAKEN && this.#table.compareIds(delta, entry) === 0) return slot;
      slot = slot + 1 === first.length ? 0 : slot + 1;
    }
    return slot;
  }

  #hash(entry: number): number {
    const { ids } = this.#table;
    const multipliers = this.#multipliers;
    const start = entry * multipliers.length * 4;
    let hash = 0;
    for (let word = 0; word < multipliers.length; word++) {
      const value = ids.readInt32LE(start + word * 4);
      hash = (hash ^ (hash >>> 15)) + Math.imul(value ^ (value >>> 16), multipliers[word] as number);
    }
    return (hash ^ (hash >>> 13)) >>> 0;
  }
}

/** A slot whose deltas wait no longer: those in the slots behind it must still be found. */
const TAKEN = -2;
