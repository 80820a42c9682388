import { DocteurError } from "../errors.ts";
import type { EntryType } from "../git/tree.ts";
import { Art } from "./art.ts";
import { MAX_KEY_LENGTH } from "./art-nodes.ts";
import { GrowingBytes } from "./growing-bytes.ts";
import type { Entry, Layout, PathEntry } from "./layout.ts";
import { TREE_OVERHEAD, type Trees } from "./trees.ts";

/** Art keeps a type as its index in this list. */
const TYPES: readonly EntryType[] = ["file", "executable", "symlink", "tree", "gitlink"];

/**
 * No name has a NUL byte, so a path that ends in one is a prefix of no other, and `a` sorts before `a.txt`
 * and `a/b`. A folder's key has a slash before it.
 */
const END = 0;
const SLASH = 0x2f;

/**
 * All paths together may be this many times as long as the memory that they may take. The tree shares their
 * beginnings, but inserts each from its first byte: without a limit, millions of long paths would take for
 * ever.
 */
const MAX_SHARING = 4;

/** The `fast` layout: an adaptive radix tree over every path, filled by walking all trees once. */
export class FastLayout implements Layout {
  readonly #art: Art;
  readonly #capacity: number;
  readonly #key = new GrowingBytes();
  #pathBytes = 0;

  /**
   * @param root raw id of the root tree.
   * @param capacity bytes that the paths may take, with the trees on the way down while they are collected.
   * @throws {DocteurError} `LAYOUT_TOO_LARGE`: some repositories name few objects by very many paths.
   * @throws {InvalidImageError} if a tree is damaged.
   */
  constructor(trees: Trees, root: Uint8Array, capacity: number) {
    this.#capacity = capacity;
    this.#art = new Art(root.length);
    this.#add(0, { type: "tree", id: root });
    const folders = [{ tree: trees.read(root), next: 0, length: 0 }];
    let held = trees.read(root).byteLength + TREE_OVERHEAD;
    for (let folder = folders.at(-1); folder !== undefined; folder = folders.at(-1)) {
      const { tree } = folder;
      if (folder.next === tree.count) {
        held -= tree.byteLength + TREE_OVERHEAD;
        folders.pop();
        continue;
      }
      const { type, name, id } = tree.entry(folder.next++);
      const length = this.#write(folder.length, name);
      this.#add(length, { type, id });
      if (type === "tree") {
        const below = trees.read(id);
        held += below.byteLength + TREE_OVERHEAD;
        folders.push({ tree: below, next: 0, length });
      }
      this.#refuseIf(this.#art.byteLength + held > capacity || this.#pathBytes > capacity * MAX_SHARING);
    }
    this.#art.trim();
  }

  get byteLength(): number {
    return this.#art.byteLength;
  }

  find(path: Uint8Array): Entry | undefined {
    this.#key.write(0, path);
    const leaf =
      this.#findKey(this.#close(path.length, false)) || this.#findKey(this.#close(path.length, true));
    return leaf === 0 ? undefined : this.#entry(leaf);
  }

  findIn(_folder: Entry, _name: Uint8Array, path: Uint8Array): Entry | undefined {
    return this.find(path);
  }

  *startingWith(prefix: Uint8Array): Generator<PathEntry> {
    if (prefix.includes(END)) return;
    for (const { key, leaf } of this.#art.startingWith(prefix, prefix.length)) {
      const entry = this.#entry(leaf);
      if (entry.type !== "tree") yield { ...entry, path: key.slice(0, -1) };
    }
  }

  #entry(leaf: number): Entry {
    return { type: TYPES[this.#art.tag(leaf)] as EntryType, id: this.#art.payload(leaf) };
  }

  /**
   * Writes a child's name after its folder's path of `length` bytes.
   * @returns the length of the child's path.
   */
  #write(length: number, name: Uint8Array): number {
    const start = length === 0 ? 0 : length + 1;
    this.#refuseIf(start + name.length + 2 > MAX_KEY_LENGTH);
    if (length > 0) this.#key.set(length, SLASH);
    this.#key.write(start, name);
    return start + name.length;
  }

  /** Ends the key of the path of `length` bytes that was written. @returns the length of the key. */
  #close(length: number, isFolder: boolean): number {
    let end = length;
    if (isFolder) this.#key.set(end++, SLASH);
    this.#key.set(end++, END);
    return end;
  }

  #findKey(length: number): number {
    return this.#art.find(this.#key.upTo(length), length);
  }

  #add(length: number, { type, id }: Entry): void {
    const end = this.#close(length, type === "tree");
    this.#pathBytes += end;
    this.#art.insert(this.#key.upTo(end), end, TYPES.indexOf(type), id);
  }

  #refuseIf(tooLarge: boolean): void {
    if (!tooLarge) return;
    throw new DocteurError(
      "LAYOUT_TOO_LARGE",
      `the paths of this image do not fit in ${this.#capacity} bytes; use the light layout`,
    );
  }
}
