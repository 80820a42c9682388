import { isLayoutFault } from "../errors.ts";
import { hex } from "../git/object-id.ts";
import type { EntryType } from "../git/tree.ts";
import type { Objects } from "../pack/objects.ts";
import type { FolderEntries } from "../paths/layout.ts";
import { type Kind, kindOf } from "./kind.ts";

/** One entry of a dictionary. */
export interface ListEntry {
  /** The name as text; bytes that are not UTF-8 show as U+FFFD. */
  readonly name: string;
  readonly rawName: Uint8Array;
  /** A symbolic link is a value here, whatever its target is; a submodule is an empty dictionary. */
  readonly kind: Kind;
  readonly type: EntryType;
  /** Object id, hexadecimal. */
  readonly id: string;
}

/**
 * The entries of a dictionary, in git's order (by bytes, a folder's name as if it ended in a slash). Each is
 * made on request: some folders have millions of them.
 */
export class Folder implements Iterable<ListEntry> {
  /** Number of entries. */
  readonly count: number;
  #entries: FolderEntries | undefined;
  readonly #objects: Objects;
  readonly #readTree: (() => FolderEntries) | undefined;

  /**
   * Use `Store.folder`.
   *
   * @param entries undefined for a submodule, which is empty.
   * @param readTree takes the place of entries that are found to be damaged.
   */
  constructor(entries: FolderEntries | undefined, objects: Objects, readTree?: () => FolderEntries) {
    this.count = entries?.count ?? 0;
    this.#entries = entries;
    this.#objects = objects;
    this.#readTree = readTree;
  }

  /**
   * The type of an entry.
   * @param index from 0 to `count - 1`.
   * @throws {RangeError} if it is another. @throws {InvalidImageError} fault `layout`, if the layout of the
   * image has given a wrong number of entries; a folder that is opened now has the right one.
   */
  type(index: number): EntryType {
    return this.#at(index, (entries) => entries.type(index));
  }

  /** The bytes of an entry's name, good until the next call. @throws {RangeError} as `type`. */
  name(index: number): Uint8Array {
    return this.#at(index, (entries) => entries.name(index));
  }

  /** The raw id of an entry, good until the next call. @throws {RangeError} as `type`. */
  id(index: number): Uint8Array {
    return this.#at(index, (entries) => entries.id(index));
  }

  /** An entry, in memory of its own. @throws {RangeError} as `type`. */
  entry(index: number): ListEntry {
    return this.#at(index, (entries) => listEntry(entries, index));
  }

  /**
   * Bytes of a file, or of a link's target, read from headers or from the layout without inflating it; 0 for
   * a folder.
   * @throws {RangeError} as `type`. @throws {InvalidImageError} where the image is damaged.
   */
  size(index: number): number {
    return this.#at(index, (entries) => {
      if (kindOf(entries.type(index)) !== "value") return 0;
      return entries.size?.(index) ?? this.#objects.describe(entries.id(index), "blob").size;
    });
  }

  *[Symbol.iterator](): Generator<ListEntry> {
    for (let index = 0; index < this.count; index++) yield this.entry(index);
  }

  #at<Result>(index: number, read: (entries: FolderEntries) => Result): Result {
    if (this.#entries === undefined || !Number.isInteger(index) || index < 0 || index >= this.count) {
      throw new RangeError(`there is no entry ${index}: the folder has ${this.count}`);
    }
    try {
      return read(this.#entries);
    } catch (error) {
      if (!isLayoutFault(error) || this.#readTree === undefined) throw error;
      const tree = this.#readTree();
      // Where the count was a lie, so may be the entries that were read before.
      if (tree.count !== this.count) throw error;
      this.#entries = tree;
      return read(tree);
    }
  }
}

/** An entry of a folder, in memory of its own. @param index from 0 to `tree.count - 1`. */
export function listEntry(tree: FolderEntries, index: number): ListEntry {
  const rawName = new Uint8Array(tree.name(index));
  const type = tree.type(index);
  return {
    name: Buffer.from(rawName.buffer, rawName.byteOffset, rawName.byteLength).toString("utf8"),
    rawName,
    kind: kindOf(type),
    type,
    id: hex(tree.id(index)),
  };
}
