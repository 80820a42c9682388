/** Bytes of a block; the last one of an image may have fewer. */
export const BLOCK_SIZE = 64 * 1024;

/** Blocks of sources, kept for later. All failures to keep or find one are silent: it is only a cache. */
export interface BlockCache {
  /** A block, verified to be as it was put; undefined if it is not there. */
  get(key: string, block: number): Promise<Uint8Array | undefined>;
  /** Keeps a block. Its bytes must not change afterwards. */
  put(key: string, block: number, bytes: Uint8Array): Promise<void>;
  /** Forgets blocks that turned out to be wrong. */
  drop(key: string, blocks: Iterable<number>): Promise<void>;
  /** Says what a key is, for those who look at the cache. @param display without secrets. @param size bytes. */
  describe(key: string, display: string, size: number): void;
  /**
   * Says to all who use this cache that the caller fetches a block, until `release`, or until it dies.
   * @returns false if another does. True if no others use it.
   */
  claim(key: string, block: number): boolean;
  release(key: string, block: number): void;
  /** Whether nobody fetches a block, or nobody who is alive. */
  isFree(key: string, block: number): boolean;
}
