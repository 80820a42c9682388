import { hex } from "../git/object-id.ts";
import type { EntryType, Tree } from "../git/tree.ts";
import type { Objects } from "../pack/objects.ts";
import { type Kind, kindOf } from "./kind.ts";

/** One entry of a dictionary. */
export interface ListEntry {
  /** The name as text; bytes that are not UTF-8 show as U+FFFD. */
  readonly name: string;
  readonly rawName: Uint8Array;
  /** A symbolic link is a value here, whatever it leads to; a submodule is a dictionary, always empty. */
  readonly kind: Kind;
  readonly type: EntryType;
  /** Object id, 40 hexadecimal digits. */
  readonly id: string;
}

/**
 * The entries of a dictionary, in git's order (by bytes, a folder's name as if it ended in a slash), each made when it is asked for:
 * some folders have millions of them.
 */
export class Folder implements Iterable<ListEntry> {
  /** Entries in it. */
  readonly count: number;
  readonly #tree: Tree | undefined;
  readonly #objects: Objects;

  /** Use `Store.folder`. @param tree none of a submodule, which is empty. */
  constructor(tree: Tree | undefined, objects: Objects) {
    this.count = tree?.count ?? 0;
    this.#tree = tree;
    this.#objects = objects;
  }

  /** What the entry at a place, from 0 on, is. */
  type(place: number): EntryType {
    return this.#at(place).type(place);
  }

  /** The entry at a place, in memory of its own. */
  entry(place: number): ListEntry {
    return listEntry(this.#at(place), place);
  }

  /**
   * Bytes of the file at a place, or of a link's target, told from headers without inflating it; 0 for a folder.
   * @throws {InvalidImageError} where the image is damaged.
   */
  size(place: number): number {
    const tree = this.#at(place);
    return kindOf(tree.type(place)) === "value" ? this.#objects.describe(tree.id(place), "blob").size : 0;
  }

  *[Symbol.iterator](): Generator<ListEntry> {
    for (let place = 0; place < this.count; place++) yield this.entry(place);
  }

  #at(place: number): Tree {
    if (this.#tree === undefined || !(place >= 0 && place < this.count)) {
      throw new RangeError(`there is no entry ${place} among ${this.count}`);
    }
    return this.#tree;
  }
}

/** The entry at a place of a tree, in memory of its own. */
export function listEntry(tree: Tree, place: number): ListEntry {
  const rawName = new Uint8Array(tree.name(place));
  const type = tree.type(place);
  return {
    name: Buffer.from(rawName.buffer, rawName.byteOffset, rawName.byteLength).toString("utf8"),
    rawName,
    kind: kindOf(type),
    type,
    id: hex(tree.id(place)),
  };
}
