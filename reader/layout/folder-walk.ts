import { entryName } from "./entry-name.ts";
import { LayoutCursor } from "./layout-cursor.ts";
import type { LayoutKey } from "./layout-key.ts";
import type { LayoutSection } from "./layout-section.ts";
import type { LeafCursor } from "./leaf-cursor.ts";
import type { VerifiedFolder } from "./verified-folder.ts";

/** Goes through the entries of a folder whose names start with some bytes, in git's order. */
export class FolderWalk {
  /** The folder's path. */
  readonly path: Uint8Array;
  readonly #cursor: LayoutCursor;
  readonly #verified: VerifiedFolder | undefined;
  /** What the keys of the folder's entries begin with, and those of the wanted ones. */
  readonly #folder: Uint8Array;
  readonly #start: Uint8Array;
  #isBegun = false;

  /**
   * @param folder what the keys of its entries begin with; it is changed.
   * @param start what the names start with.
   * @param verified the folder, if it was compared with its tree; then nothing else is believed.
   */
  constructor(
    section: LayoutSection,
    path: Uint8Array,
    folder: LayoutKey,
    start: Uint8Array,
    verified: VerifiedFolder | undefined,
  ) {
    this.path = path;
    this.#cursor = new LayoutCursor(section);
    this.#verified = verified;
    this.#folder = folder.bytes.slice(0, folder.length);
    const isPossible = start.length === 0 || folder.add(start);
    this.#start = isPossible ? folder.bytes.slice(0, folder.length) : NOTHING;
  }

  /** Goes to the next entry; undefined if there is none. @throws {InvalidImageError} fault `layout`. */
  next(): LeafCursor | undefined {
    if (this.#start.length === 0) return undefined;
    const { entry } = this.#cursor;
    do {
      if (!this.#advance() || !entry.startsWith(this.#start, this.#start.length)) return undefined;
    } while (entry.isDisorderMark);
    return entry;
  }

  /** The present entry's name, a view. @throws {InvalidImageError} fault `layout`. */
  get name(): Uint8Array {
    return entryName(this.#cursor.entry, this.#folder);
  }

  #advance(): boolean {
    const cursor = this.#cursor;
    if (this.#isBegun) return this.#verified?.next(cursor) ?? cursor.next();
    this.#isBegun = true;
    const { length } = this.#start;
    const difference = this.#verified?.seek(cursor, this.#start, length) ?? cursor.seek(this.#start, length);
    return difference >= 0;
  }
}

const NOTHING = new Uint8Array();
