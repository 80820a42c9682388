import type { ConnectOptions } from "../image/open-objects.ts";
import type { WorkQueueMemory } from "./work-queue.ts";

/** Threads of a platform: each opens the device once more, and reads what is submitted to a work queue. */
export interface PlatformThreads {
  /** Threads that can run at the same time. */
  readonly available: () => number;
  /** Starts threads. They do not keep the process alive. */
  readonly start: (count: number, task: ThreadTask) => ThreadPool;
}

/** What each thread gets, as structured data. */
export interface ThreadTask {
  /** As `BlockDevice.path`. */
  readonly path: string;
  /** Without a platform: a thread has its own. */
  readonly options: Omit<ConnectOptions, "platform">;
  readonly queue: WorkQueueMemory;
}

/** Threads that were started. */
export interface ThreadPool {
  /** Waits for `event`, and keeps the process alive meanwhile. @throws the error that a thread died of. */
  meanwhile(event: Promise<void>): Promise<void>;
  /** Ends the threads. */
  close(): void;
}
