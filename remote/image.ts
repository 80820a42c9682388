/** An image that lies elsewhere, read by blocks. */
export interface RemoteImage extends AsyncDisposable {
  /** What messages call it. */
  readonly display: string;
  /** Bytes. */
  readonly size: number;
  /**
   * Reads exactly `length` bytes from `offset` on. They must not be changed: others may get the same memory.
   * @throws {SourceError} the signal's reason when aborted.
   */
  read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array>;
  /** Begins to fetch bytes that are likely to be read soon. Failures are silent. */
  prefetch(offset: number, length: number): void;
  /** Drops all blocks that were read, here and in the cache: they may be wrong. All come from the source from then on. */
  forget(): Promise<void>;
  /** What reading has cost so far. */
  readonly counts: { readonly requests: number; readonly bytes: number; readonly cached: number };
}
