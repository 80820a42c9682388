import type { EntryType } from "../git/tree.ts";

/** What a path leads to. */
export interface Entry {
  readonly type: EntryType;
  /** The raw id of the blob or tree; of a submodule, the id of a commit that the image does not hold. */
  readonly id: Uint8Array;
}

/** A path and what it leads to. */
export interface PathEntry extends Entry {
  /** Bytes of the path from the root, names separated by single slashes, none at either end. */
  readonly path: Uint8Array;
}

/**
 * The structure that maps a path to an object. Paths are bytes, as in `PathEntry`; the root is the empty path. Symbolic
 * links are entries like any other here: following them is the store's affair.
 */
export interface Layout {
  /** Bytes of memory that it takes for good, caches not counted. */
  readonly byteLength: number;
  /** What lies at exactly this path. @throws {InvalidImageError} if a tree on the way is damaged. */
  find(path: Uint8Array): Entry | undefined;
  /** What `find` gives for `path`, known to be the entry `name` of this folder. Walks no way from the root. */
  findIn(folder: Entry, name: Uint8Array, path: Uint8Array): Entry | undefined;
  /** Everything but folders whose path starts with these bytes, in byte order of the paths. */
  startingWith(prefix: Uint8Array): Iterable<PathEntry>;
}
