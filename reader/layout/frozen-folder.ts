import type { EntryType } from "../git/tree.ts";
import { malformed } from "./block-cursor.ts";
import { entryName } from "./entry-name.ts";
import { LayoutCursor } from "./layout-cursor.ts";
import type { LayoutKey } from "./layout-key.ts";
import type { LayoutSection } from "./layout-section.ts";

/** The entries of a folder as the layout has them. */
export class FrozenFolder {
  readonly count: number;
  readonly #cursor: LayoutCursor;
  /** Rank of the first entry. */
  readonly #first: number;
  /** What all keys begin with. */
  readonly #folder: Uint8Array;

  private constructor(cursor: LayoutCursor, first: number, count: number, folder: Uint8Array) {
    this.#cursor = cursor;
    this.#first = first;
    this.count = count;
    this.#folder = folder;
  }

  /**
   * @param key what the keys of the folder's entries begin with; it is changed.
   * @returns undefined if the tree has its entries in another order.
   * @throws {InvalidImageError} fault `layout`.
   */
  static open(section: LayoutSection, key: LayoutKey): FrozenFolder | undefined {
    const cursor = new LayoutCursor(section);
    const { bytes, length } = key;
    const isBefore = cursor.seek(bytes, length) < 0;
    if (!isBefore && cursor.entry.isDisorderMark && cursor.entry.keyLength === length) return undefined;
    const first = isBefore ? section.details.entries : cursor.rank;
    const folder = bytes.slice(0, length);
    // The NUL at its end is the least byte: no key of another folder is between the two.
    bytes[length - 1] = 1;
    const end = new LayoutCursor(section);
    const last = end.seek(bytes, length) < 0 ? section.details.entries : end.rank;
    if (last < first) throw malformed();
    return new FrozenFolder(cursor, first, last - first, folder);
  }

  type(index: number): EntryType {
    return this.#at(index).type;
  }

  /** The name's bytes, good until the next call. */
  name(index: number): Uint8Array {
    return entryName(this.#at(index), this.#folder);
  }

  /** The raw id, a view into a block. */
  id(index: number): Uint8Array {
    return this.#at(index).id;
  }

  /** Bytes of the object; 0 for a submodule. */
  size(index: number): number {
    const entry = this.#at(index);
    return entry.type === "gitlink" ? 0 : entry.size;
  }

  #at(index: number) {
    const cursor = this.#cursor;
    const rank = this.#first + index;
    if (rank === cursor.rank + 1) {
      if (!cursor.next()) throw malformed();
    } else if (rank !== cursor.rank) cursor.goToRank(rank);
    return cursor.entry;
  }
}
