import type { EntryType } from "../git/tree.ts";

/** What a path names. */
export interface Entry {
  readonly type: EntryType;
  /** The raw id of the blob or tree; of a submodule, the id of a commit that the image does not hold. */
  readonly id: Uint8Array;
  /** Where the layout says that the object lies in the PACK; unverified. Otherwise the IDX says it. */
  readonly offset?: number | undefined;
}

/** A path and what it names. */
export interface PathEntry extends Entry {
  /** Bytes of the path from the root, names separated by single slashes, none at either end. */
  readonly path: Uint8Array;
}

/** The entries of a folder, by their indexes in git's order. What it returns is good until the next call. */
export interface FolderEntries {
  /** Entries that count: the first of each name. */
  readonly count: number;
  type(index: number): EntryType;
  /** The name's bytes. */
  name(index: number): Uint8Array;
  /** The raw id. */
  id(index: number): Uint8Array;
  /** Bytes of the object, if the layout says it; unverified. */
  size?(index: number): number;
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
  /** The entries of a folder without its tree; undefined if its tree is needed. */
  list?(folder: Entry, path: Uint8Array): FolderEntries | undefined;
  /** Called when an offset that it gave was wrong: the layout is not to be used any more. */
  distrust?(): void;
}
