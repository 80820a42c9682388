import type { EntryType } from "../git/tree.ts";
import { malformed } from "./block-cursor.ts";
import { entryName } from "./entry-name.ts";
import { LayoutCursor } from "./layout-cursor.ts";
import type { LayoutKey } from "./layout-key.ts";
import type { LayoutSection } from "./layout-section.ts";
import type { LeafCursor } from "./leaf-cursor.ts";
import type { VerifiedFolder } from "./verified-folder.ts";

/** The entries of a folder as the layout has them. Each method throws fault `layout`. */
export class FrozenFolder {
  readonly count: number;
  /** What all keys begin with. */
  readonly #folder: Uint8Array;
  /** Goes to an entry by its index. */
  readonly #goTo: (index: number) => LeafCursor;

  private constructor(folder: Uint8Array, count: number, goTo: (index: number) => LeafCursor) {
    this.#folder = folder;
    this.count = count;
    this.#goTo = goTo;
  }

  /**
   * A folder as the levels above the leaves have it.
   *
   * @param key what the keys of the folder's entries begin with; it is changed.
   * @returns undefined if the tree has its entries in another order.
   * @throws {InvalidImageError} fault `layout`.
   */
  static open(section: LayoutSection, key: LayoutKey): FrozenFolder | undefined {
    const cursor = new LayoutCursor(section);
    const { bytes, length } = key;
    const { entries } = section.details;
    const difference = cursor.seek(bytes, length);
    if (difference === 0 && cursor.entry.isDisorderMark) return undefined;
    const first = difference < 0 ? entries : cursor.rank;
    const folder = bytes.slice(0, length);
    // The NUL at its end is the least byte: no key of another folder is between the two.
    bytes[length - 1] = 1;
    const end = new LayoutCursor(section);
    const last = end.seek(bytes, length) < 0 ? entries : end.rank;
    if (!(last >= first && last <= entries)) throw malformed();
    return new FrozenFolder(folder, last - first, (index) => {
      const rank = first + index;
      if (rank === cursor.rank + 1) {
        if (!cursor.next()) throw malformed();
      } else if (rank !== cursor.rank) cursor.goToRank(rank);
      return cursor.entry;
    });
  }

  /** A folder that was compared with its tree. @param key what the keys of its entries begin with. */
  static ofVerified(section: LayoutSection, verified: VerifiedFolder, key: LayoutKey): FrozenFolder {
    const cursor = new LayoutCursor(section);
    return new FrozenFolder(key.bytes.slice(0, key.length), verified.count, (index) => {
      const present = verified.indexOf(cursor);
      if (present !== index && !(present === index - 1 && cursor.next())) verified.goTo(cursor, index);
      return cursor.entry;
    });
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

  #at(index: number): LeafCursor {
    const entry = this.#goTo(index);
    if (entry.isDisorderMark) throw malformed();
    return entry;
  }
}
