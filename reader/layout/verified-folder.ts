import type { LayoutCursor } from "./layout-cursor.ts";

/**
 * Where the entries of a folder lie that were compared with its tree, leaf by leaf. Finds them there by these
 * positions: what the layout has before, after and above them says nothing.
 */
export class VerifiedFolder {
  /** Whether its tree has its entries in git's order. */
  readonly isInOrder: boolean;
  readonly count: number;
  readonly #firstLeaf: number;
  /** Index of the first entry in its leaf. */
  readonly #firstIndex: number;
  /** For each leaf, the index in the folder of the first entry that is in it. */
  readonly #starts: Uint32Array;

  /** @param starts for each leaf from `firstLeaf` on, how many entries are in those before; none if empty. */
  constructor(
    isInOrder: boolean,
    count: number,
    firstLeaf: number,
    firstIndex: number,
    starts: readonly number[],
  ) {
    this.isInOrder = isInOrder;
    this.count = count;
    this.#firstLeaf = firstLeaf;
    this.#firstIndex = firstIndex;
    this.#starts = Uint32Array.from(starts);
  }

  /** The index of a cursor's present entry in this folder; undefined if it is in another. */
  indexOf({ leaf, entry }: LayoutCursor): number | undefined {
    const start = this.#starts[leaf - this.#firstLeaf];
    if (start === undefined) return undefined;
    const index = start + entry.index - (leaf === this.#firstLeaf ? this.#firstIndex : 0);
    return index >= 0 && index < this.count ? index : undefined;
  }

  /**
   * Goes to an entry by its index, from 0 to `count - 1`.
   * @throws {InvalidImageError} fault `layout`, if the leaf is not as it was.
   */
  goTo(cursor: LayoutCursor, index: number): void {
    this.#goTo(cursor, this.#leafOf(index), index);
  }

  /**
   * Goes to the entry with a key. The levels above the leaves save looking where they are right.
   * @returns whether there is one. @throws {InvalidImageError} fault `layout`.
   */
  find(cursor: LayoutCursor, key: Uint8Array, length: number): boolean {
    if (this.count === 0) return false;
    const isSmall = this.#starts.length === 1;
    if (isSmall) cursor.goToLeaf(this.#firstLeaf);
    const difference = isSmall ? cursor.entry.seek(key, length) : cursor.seek(key, length);
    if (difference === 0 && this.indexOf(cursor) !== undefined) return true;
    return this.seek(cursor, key, length) === 0;
  }

  /**
   * Goes to the first entry whose key is not before this one, by comparing with the folder's entries alone.
   * @returns zero if it has this key, above zero if it comes after; below zero if there is none.
   * @throws {InvalidImageError} fault `layout`.
   */
  seek(cursor: LayoutCursor, key: Uint8Array, length: number): number {
    if (this.count === 0) return -1;
    let [low, high] = [0, this.#starts.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      this.#goTo(cursor, middle, this.#starts[middle] as number);
      if (cursor.entry.compare(key, length) <= 0) low = middle;
      else high = middle - 1;
    }
    this.#goTo(cursor, low, this.#starts[low] as number);
    let difference = cursor.entry.compare(key, length);
    while (difference < 0 && this.next(cursor)) difference = cursor.entry.compare(key, length);
    return difference;
  }

  /** Goes from one entry to the next; false if there is none. @throws {InvalidImageError} fault `layout`. */
  next(cursor: LayoutCursor): boolean {
    const index = this.indexOf(cursor);
    return index !== undefined && index + 1 < this.count && cursor.next();
  }

  #goTo(cursor: LayoutCursor, leaf: number, index: number): void {
    cursor.goToLeaf(this.#firstLeaf + leaf);
    cursor.entry.goTo(index - (this.#starts[leaf] as number) + (leaf === 0 ? this.#firstIndex : 0));
  }

  #leafOf(index: number): number {
    let [low, high] = [0, this.#starts.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.#starts[middle] as number) <= index) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
