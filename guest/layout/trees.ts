import { ByteLru } from "../byte-lru.ts";
import { hex } from "../git/object-id.ts";
import { parseTree, type TreeEntry } from "../git/tree.ts";
import type { Objects } from "../pack/objects.ts";

/** What a parsed entry takes beyond its bytes in the tree: an object and two views. Measured with V8 of Node 26. */
const ENTRY_OVERHEAD = 250;

/** Bytes of memory that the entries of a tree take, with the content that they are views into. */
export function memoryOf(entries: readonly TreeEntry[]): number {
  return entries.length * ENTRY_OVERHEAD + (entries[0]?.name.buffer.byteLength ?? 0);
}

/** Reads and parses trees, and keeps those read last. */
export class Trees {
  readonly #objects: Objects;
  readonly #cache: ByteLru<string, readonly TreeEntry[]>;

  /** @param capacity bytes of memory for parsed trees. */
  constructor(objects: Objects, capacity: number) {
    this.#objects = objects;
    this.#cache = new ByteLru(capacity);
  }

  /**
   * The entries of the tree with this raw id, in git's order.
   * @throws {InvalidImageError} those of `Objects.read`, and fault `tree`.
   */
  read(id: Uint8Array): readonly TreeEntry[] {
    const key = hex(id);
    let entries = this.#cache.get(key);
    if (entries === undefined) {
      entries = parseTree(this.#objects.read(id, "tree"), key);
      this.#cache.set(key, entries, memoryOf(entries));
    }
    return entries;
  }
}
