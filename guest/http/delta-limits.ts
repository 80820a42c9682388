const MIB = 1024 * 1024;

/**
 * Bytes of the largest object that is a delta, or the base of one, and is read into memory; a larger one is
 * read in pieces. `make` itself makes none so large.
 */
export const LARGEST_DELTA_IN_MEMORY = 64 * MIB;

/** Bytes that reading a larger one takes, measured: pieces of its bases, and inflaters for each delta. */
export const DELTA_STREAM_MEMORY = 24 * MIB;
