import { hex } from "../git/object-id.ts";
import type { EntryType, Tree } from "../git/tree.ts";
import type { Objects } from "../pack/objects.ts";
import { type Kind, kindOf } from "./kind.ts";

/** One entry of a dictionary. */
export interface ListEntry {
  /** The name as text; bytes that are not UTF-8 show as U+FFFD. */
  readonly name: string;
  readonly rawName: Uint8Array;
  /** A symbolic link is a value here, whatever its target is; a submodule is an empty dictionary. */
  readonly kind: Kind;
  readonly type: EntryType;
  /** Object id, 40 hexadecimal digits. */
  readonly id: string;
}

/**
 * The entries of a dictionary, in git's order (by bytes, a folder's name as if it ended in a slash). Each is
 * made on request: some folders have millions of them.
 */
export class Folder implements Iterable<ListEntry> {
  /** Number of entries. */
  readonly count: number;
  readonly #tree: Tree | undefined;
  readonly #objects: Objects;

  /** Use `Store.folder`. @param tree undefined for a submodule, which is empty. */
  constructor(tree: Tree | undefined, objects: Objects) {
    this.count = tree?.count ?? 0;
    this.#tree = tree;
    this.#objects = objects;
  }

  /** The type of an entry. @param index from 0 to `count - 1`. @throws {RangeError} if it is another. */
  type(index: number): EntryType {
    return this.#at(index).type(index);
  }

  /** An entry, in memory of its own. @throws {RangeError} as `type`. */
  entry(index: number): ListEntry {
    return listEntry(this.#at(index), index);
  }

  /**
   * Bytes of a file, or of a link's target, read from headers without inflating it; 0 for a folder.
   * @throws {RangeError} as `type`. @throws {InvalidImageError} where the image is damaged.
   */
  size(index: number): number {
    const tree = this.#at(index);
    return kindOf(tree.type(index)) === "value" ? this.#objects.describe(tree.id(index), "blob").size : 0;
  }

  *[Symbol.iterator](): Generator<ListEntry> {
    for (let index = 0; index < this.count; index++) yield this.entry(index);
  }

  #at(index: number): Tree {
    if (this.#tree === undefined || !Number.isInteger(index) || index < 0 || index >= this.count) {
      throw new RangeError(`there is no entry ${index}: the folder has ${this.count}`);
    }
    return this.#tree;
  }
}

/** An entry of a tree, in memory of its own. @param index from 0 to `tree.count - 1`. */
export function listEntry(tree: Tree, index: number): ListEntry {
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
