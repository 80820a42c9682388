import { ByteLru } from "../byte-lru.ts";
import { hex } from "../git/object-id.ts";
import { Tree } from "../git/tree.ts";
import type { Objects } from "../pack/objects.ts";
import { COST } from "../pack/work.ts";

/**
 * Reads a tree that nobody keeps.
 *
 * @param id raw.
 * @throws {InvalidImageError} those of `Objects.read`, and fault `tree`. @throws {WorkLimitError}
 */
export function readTree(objects: Objects, id: Uint8Array): Tree {
  const bytes = objects.read(id, "tree");
  objects.work.add(COST.parsedByte * bytes.length);
  return new Tree(bytes, hex(id));
}

/** Reads trees, and keeps those read last. */
export class Trees {
  readonly #objects: Objects;
  readonly #cache: ByteLru<string, Tree>;

  /** @param capacity bytes of memory for trees. */
  constructor(objects: Objects, capacity: number) {
    this.#objects = objects;
    this.#cache = new ByteLru(capacity);
  }

  /**
   * The tree with this raw id.
   * @throws {InvalidImageError} those of `Objects.read`, and fault `tree`.
   */
  read(id: Uint8Array): Tree {
    const key = hex(id);
    let tree = this.#cache.get(key);
    if (tree === undefined) {
      tree = readTree(this.#objects, id);
      this.#cache.set(key, tree, tree.byteLength);
    }
    return tree;
  }
}
