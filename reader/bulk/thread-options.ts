import type { BlockDevice } from "../block/device.ts";
import type { ConnectOptions } from "../image/open-objects.ts";
import { NODE_PLATFORM } from "../node-platform.ts";
import type { PlatformThreads } from "./thread-pool.ts";

/**
 * Threads by default at most: more read no faster, the disk and the consumer of the values are the limit
 * then.
 */
const MAX_THREADS = 4;

/** The threads that read beside the calling one. */
export interface ThreadOptions {
  readonly threads: PlatformThreads;
  /** How many. */
  readonly count: number;
  /** Where a thread can open the device once more. */
  readonly path: string;
  readonly connect: ConnectOptions;
}

/** The threads for the reader of a device; undefined if the calling thread is to read all. */
export function threadOptions(device: BlockDevice, options: ConnectOptions): ThreadOptions | undefined {
  const { threads } = options.platform ?? NODE_PLATFORM;
  const { path } = device;
  if (threads === undefined || path === undefined) return undefined;
  const readers = options.threads ?? Math.min(threads.available(), MAX_THREADS);
  return readers <= 1 ? undefined : { threads, count: readers - 1, path, connect: options };
}
