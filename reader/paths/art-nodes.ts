/**
 * The format of the nodes of `Art` in its array of 32-bit words.
 *
 *     inner node   prefix start | prefix length * 512 + number of children | keys or index | children
 *     leaf         rest start | rest length * 8 + tag | payload
 *
 * A reference to a node is a word: the node's index in the array, and its kind in the low three bits.
 */

export const KIND_BITS = 3;
export const KIND_MASK = 7;
export const LEAF = 1;
export const NODE4 = 2;
export const NODE16 = 3;
export const NODE48 = 4;
export const NODE256 = 5;

export const TAG_BITS = 3;
export const TAG_MASK = 7;
export const COUNT_BITS = 9;
export const COUNT_MASK = 511;

export const LEAF_PAYLOAD = 2;
export const KEYS = 2;
export const NODE4_CHILDREN = KEYS + 1;
export const NODE16_CHILDREN = KEYS + 4;
export const NODE48_CHILDREN = KEYS + 64;
export const NODE256_CHILDREN = KEYS;

export const CAPACITY = [0, 0, 4, 16, 48, 256];
/** Words of a node; of a leaf those before its payload. */
export const WORDS = [
  0,
  LEAF_PAYLOAD,
  NODE4_CHILDREN + 4,
  NODE16_CHILDREN + 16,
  NODE48_CHILDREN + 48,
  NODE256_CHILDREN + 256,
];

/** A node's word has 23 bits for the length of its prefix. */
export const MAX_KEY_LENGTH = 2 ** 23 - 1;

/** A reference has 29 bits for a node's index. */
export const MAX_WORDS = 2 ** 29;
