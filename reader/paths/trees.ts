import { ByteLru } from "../byte-lru.ts";
import { hex } from "../git/object-id.ts";
import { Tree } from "../git/tree.ts";
import type { Objects } from "../pack/objects.ts";
import { COST, WorkLimitError } from "../pack/work.ts";

/**
 * Bytes of memory that a tree takes beyond its content: the cache must not keep small ones by the hundred
 * thousand.
 */
export const TREE_OVERHEAD = 512;

/**
 * Reads a tree, without a cache.
 *
 * @param id raw.
 * @throws {InvalidImageError} those of `Objects.read`, and fault `tree`. @throws {WorkLimitError}
 */
export function readTree(objects: Objects, id: Uint8Array): Tree {
  const bytes = objects.read(id, "tree");
  objects.work.add(COST.parsedByte * bytes.length);
  const tree = new Tree(bytes, id.length, hex(id));
  if (!tree.isInOrder) objects.work.add(COST.sortedByte * bytes.length);
  return tree;
}

/** Reads trees through a cache. */
export class Trees {
  readonly objects: Objects;
  readonly #cache: ByteLru<string, Tree>;
  readonly #capacity: number;
  /** The last tree that is larger than the cache: the steps of one path may read it again and again. */
  #large: { readonly key: string; readonly tree: Tree } | undefined;
  #lookupEnd = Number.POSITIVE_INFINITY;

  /** @param capacity bytes of memory for trees, beside a single one that is larger. */
  constructor(objects: Objects, capacity: number) {
    this.objects = objects;
    this.#capacity = capacity;
    // A giant may empty it: many small trees are read again in less time than one large one.
    this.#cache = new ByteLru(capacity, capacity);
  }

  /**
   * The tree with this raw id.
   * @throws {InvalidImageError} those of `Objects.read`, and fault `tree`. @throws {WorkLimitError}
   */
  read(id: Uint8Array): Tree {
    const key = hex(id);
    return this.#kept(key) ?? this.#read(id, key);
  }

  /** Starts the look-up of another path, for `readOnPath` and `checkLookup`. */
  startLookup(): void {
    this.#lookupEnd = this.objects.work.done + this.objects.bounds.lookupWork;
  }

  /** As `read`, for a tree on the path that is looked up. @throws as `checkLookup`. */
  readOnPath(id: Uint8Array): Tree {
    const key = hex(id);
    const kept = this.#kept(key);
    if (kept !== undefined) return kept;
    this.checkLookup();
    return this.#read(id, key);
  }

  /**
   * @throws {WorkLimitError} if the look-up has taken more work than `lookupWork`: a path must not read any
   * number of large trees.
   */
  checkLookup(): void {
    if (this.objects.work.done <= this.#lookupEnd) return;
    throw new WorkLimitError("the path crosses too many large folders");
  }

  #kept(key: string): Tree | undefined {
    return this.#large?.key === key ? this.#large.tree : this.#cache.get(key);
  }

  #read(id: Uint8Array, key: string): Tree {
    const tree = readTree(this.objects, id);
    const bytes = tree.byteLength + TREE_OVERHEAD;
    if (bytes > this.#capacity) {
      if (this.#capacity > 0) this.#large = { key, tree };
    } else this.#cache.set(key, tree, bytes);
    return tree;
  }
}
