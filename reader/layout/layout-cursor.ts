import { malformed } from "./block-cursor.ts";
import { NUMBER_AT } from "./format.ts";
import type { LayoutSection, Leaf } from "./layout-section.ts";
import { LeafCursor } from "./leaf-cursor.ts";

/** Goes through the entries of a layout, from leaf to leaf, in the order of their keys. */
export class LayoutCursor {
  /** Shows the present entry. */
  readonly entry: LeafCursor;
  /** The leaf that it is in. */
  leaf = -1;
  readonly #section: LayoutSection;
  /** Entries before the leaf. */
  #before = 0;

  constructor(section: LayoutSection) {
    this.#section = section;
    this.entry = new LeafCursor(section.idLength);
  }

  /** The index of the present entry among all. */
  get rank(): number {
    return this.#before + this.entry.index;
  }

  /**
   * Goes to the first entry whose key is not before this one.
   * @returns zero if it has this key, above zero if it comes after; below zero if there is none.
   * @throws {InvalidImageError} fault `layout`.
   */
  seek(key: Uint8Array, length: number): number {
    this.#enter(this.#section.leafOf(key, length));
    const difference = this.entry.seek(key, length);
    // All entries of the leaf come before the key, and those of the next leaf after it.
    return difference < 0 && this.next() ? 1 : difference;
  }

  /** Goes to an entry. @throws {InvalidImageError} fault `layout`. */
  goToRank(rank: number): void {
    const isHere = this.leaf >= 0 && rank >= this.#before && rank < this.#before + this.entry.count;
    if (!isHere) this.#enter(this.#section.leafOfRank(rank));
    const index = rank - this.#before;
    if (index >= this.entry.count) throw malformed();
    this.entry.goTo(index);
  }

  /** Goes to the first entry of a leaf; `rank` is not known then. @throws {InvalidImageError} fault `layout`. */
  goToLeaf(number: number): void {
    this.#enter({ number, before: Number.NaN });
    this.entry.goTo(0);
  }

  /**
   * Goes to the next entry, whose key comes after this one; false if there is none.
   * @throws {InvalidImageError} fault `layout`.
   */
  next(): boolean {
    const { entry } = this;
    if (entry.next()) return true;
    if (this.leaf + 1 >= this.#section.leaves) return false;
    const before = entry.key.slice(0, entry.keyLength);
    this.#enter({ number: this.leaf + 1, before: this.#before + entry.count });
    if (entry.compare(before, before.length) <= 0) throw malformed();
    return true;
  }

  #enter({ number, before }: Leaf): void {
    this.#before = before;
    const block = this.#section.blocks.read(number);
    // It may have been read anew, and verified since.
    if (number === this.leaf && block === this.entry.block) return;
    const { buffer, byteOffset, byteLength } = block;
    if (new DataView(buffer, byteOffset, byteLength).getUint32(NUMBER_AT) !== number) throw malformed();
    this.leaf = -1;
    this.entry.enter(block);
    this.leaf = number;
  }
}
