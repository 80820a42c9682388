import type { EntryType } from "../git/tree.ts";

/** What a path names. */
export interface Entry {
  readonly type: EntryType;
  /** The raw id of the blob or tree; of a submodule, the id of a commit that the image does not hold. */
  readonly id: Uint8Array;
}

/** A path and what it names. */
export interface PathEntry extends Entry {
  /** Bytes of the path from the root, names separated by single slashes, none at either end. */
  readonly path: Uint8Array;
}

/**
 * Maps a path to an object. Paths are bytes, as in `PathEntry`; the root is the empty path. A layout does not
 * follow symbolic links; the store does.
 */
export interface Layout {
  /** Bytes of memory that it takes as long as it lives, without caches. */
  readonly byteLength: number;
  /** The entry at exactly this path. @throws {InvalidImageError} if a tree on the way is damaged. */
  find(path: Uint8Array): Entry | undefined;
  /**
   * The entry that `find` returns for `path`, which is `name` in this folder. Does not walk from the root.
   */
  findIn(folder: Entry, name: Uint8Array, path: Uint8Array): Entry | undefined;
  /** Everything but folders whose path starts with these bytes, in byte order of the paths. */
  startingWith(prefix: Uint8Array): Iterable<PathEntry>;
}
