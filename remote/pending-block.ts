import type { Queued } from "./request-queue.ts";

/** A block that is on its way. */
export class PendingBlock {
  readonly number: number;
  readonly promise: Promise<Uint8Array>;
  resolve!: (bytes: Uint8Array) => void;
  reject!: (error: unknown) => void;
  isSettled = false;
  isUrgent: boolean;
  /** The request that brings it. */
  queued: Queued | undefined;

  constructor(number: number, urgent: boolean) {
    this.number = number;
    this.isUrgent = urgent;
    this.promise = new Promise((resolve, reject) => {
      this.resolve = (bytes) => {
        this.isSettled = true;
        resolve(bytes);
      };
      this.reject = (error) => {
        this.isSettled = true;
        reject(error);
      };
    });
    // What is read ahead has no reader yet.
    this.promise.catch(() => {});
  }

  /** Somebody waits for it now. */
  hurry(): void {
    this.isUrgent = true;
    this.queued?.hurry();
  }
}

/** Groups blocks, in ascending order, that follow one another. @param longest blocks of a group at most. */
export function runsOf(blocks: readonly PendingBlock[], longest: number): PendingBlock[][] {
  const runs: PendingBlock[][] = [];
  for (const block of blocks) {
    const run = runs.at(-1);
    if (run !== undefined && run.length < longest && block.number === run.at(-1)!.number + 1) run.push(block);
    else runs.push([block]);
  }
  return runs;
}
