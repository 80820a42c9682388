import type { PlatformThreads } from "./bulk/thread-pool.ts";
import type { HashFunctions } from "./git/hash.ts";
import type { Inflater } from "./pack/inflate.ts";

/**
 * What the reader needs of its host beside the device: an inflater, hash functions and, optionally, threads.
 * The default is Node's; another can be chosen by `connect`, for a host other than Node, or for another
 * implementation.
 */
export interface Platform extends HashFunctions {
  /** A new inflater (RFC 1950). */
  readonly createInflater: () => Inflater;
  /**
   * Threads that read ahead, with the inflater and the hash of their own program. Default: none, the calling
   * thread reads all.
   */
  readonly threads?: PlatformThreads | undefined;
}
