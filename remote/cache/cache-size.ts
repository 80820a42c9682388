/** Bytes of blocks that the cache keeps at most by default. */
export const DEFAULT_CACHE_SIZE: number = 2 * 1024 ** 3;
