import type { EntryType } from "../git/tree.ts";

/** The section's type in the footer, four ASCII characters, and the version that this program writes. */
export const LAYOUT_TYPE = "PATH";
export const LAYOUT_VERSION = 1;

/** Bytes of a block; the last block of a section, its root, may be shorter. */
export const BLOCK_SIZE = 4096;

/** Bytes before a block's items: its CRC-32, the number of items, and a block's number. */
export const BLOCK_HEADER = 12;
export const COUNT_AT = 4;
export const NUMBER_AT = 8;

/** Every so many items, one is encoded without the one before it: a search halves among those. */
export const RESTART_INTERVAL = 16;

/** Bytes of the longest key; an image with a longer path has no layout. */
export const LONGEST_KEY = 1024;

/** Bytes at the end of a key that an item can share with the key before it. */
export const LONGEST_END = 31;

/**
 * The longest chain of deltas whose bases are all listed, the longest that `docteur make` makes by default. Of
 * a longer one only the nearest base is: the others are found by reading.
 */
export const MAX_BASES = 2;

/**
 * How an entry gives its bases, in three bits: how many are listed; or that they are those of the delta
 * before it; or that one is listed, and the rest are those of the delta before without its first.
 */
export const SAME_BASES = 5;
export const SAME_REST = 6;

/** The types of entries by their tags; the tag has three bits. */
export const TYPES: readonly EntryType[] = ["file", "executable", "symlink", "tree", "gitlink"];

/** The tag of what is no entry: it says that its folder's tree has its entries in another order than git's. */
export const DISORDERED = 7;

export const TAG_BITS = 3;
export const TAG_MASK: number = (1 << TAG_BITS) - 1;

/** Where an entry of the PACK lies: `length` bytes from `offset` on, counted from the start of the PACK. */
export interface EntryRange {
  readonly offset: number;
  readonly length: number;
}

/** Where an object lies in the PACK, and its size. */
export interface ObjectLocation extends EntryRange {
  /** Bytes of the object. */
  readonly size: number;
  /** The entries that it is built on, the nearest first, all or one, see `MAX_BASES`; none if it is no delta. */
  readonly bases: readonly EntryRange[];
}
