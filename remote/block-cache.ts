/** Blocks of sources, kept for later. All failures to keep or find one are silent: it is only a cache. */
export interface BlockCache {
  /** A block, verified to be as it was put; undefined if it is not there. */
  get(key: string, block: number): Promise<Uint8Array | undefined>;
  /** Keeps a block. Its bytes must not change afterwards. */
  put(key: string, block: number, bytes: Uint8Array): Promise<void>;
  /** Forgets blocks that turned out to be wrong. */
  drop(key: string, blocks: Iterable<number>): Promise<void>;
}
