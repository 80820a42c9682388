import { type Batch, TOO_LARGE, UNREAD } from "./batch.ts";

/** A blob that is wanted, by its raw id; without an id it only keeps its position in the order. */
export interface Ask {
  readonly id?: Uint8Array | undefined;
}

/**
 * The batch that a job needs: any, a large one, of which the work queue has one, or the largest, which no
 * thread reads.
 */
export type BatchSize = "any" | "large" | "largest";

/** Some of what is wanted, in order, and the batch that it is read with. */
export class Job<Wanted extends Ask> {
  #asks: Wanted[];
  /** Set once it is being read; `LEFT_ALONE` if it is not read as a batch at all. */
  batch: Batch | typeof LEFT_ALONE | undefined;
  /** The slot of the work queue that has the batch; undefined if this thread reads it. */
  slot: number | undefined;
  #isSplit = false;
  #batchSize: BatchSize = "any";

  constructor(asks: Wanted[]) {
    this.#asks = asks;
  }

  /** What batch it needs. */
  get batchSize(): BatchSize {
    return this.#batchSize;
  }

  /**
   * Splits off what did not fit in the batch, which must have been read: in jobs of as many as did fit, since
   * what comes is likely as large, or in one if none did. No jobs if all did fit, or the job is split
   * already.
   */
  split(): Job<Wanted>[] {
    if (this.#isSplit || typeof this.batch !== "object") return [];
    this.#isSplit = true;
    const { ranges } = this.batch;
    let blob = 0;
    const end = this.#asks.findIndex(({ id }) => id !== undefined && ranges[blob++ * 2] === UNREAD);
    if (end === -1) return [];
    const rest = this.#asks.splice(end);
    const length = ranges[0] === TOO_LARGE ? rest.length : Math.max(1, end);
    const jobs: Job<Wanted>[] = [];
    while (rest.length > 0) jobs.push(new Job(rest.splice(0, length)));
    return jobs;
  }

  /** Whether its batch was too small for its first blob; all others are split off then. */
  get needsLargerBatch(): boolean {
    if (typeof this.batch !== "object" || this.batch.ranges[0] !== TOO_LARGE) return false;
    return this.slot !== undefined || this.#batchSize === "any";
  }

  /** Makes it a job for a larger batch, to be read again. Its batch must have been released. */
  promote(): void {
    this.#batchSize = this.#batchSize === "any" ? "large" : "largest";
    this.batch = undefined;
    this.slot = undefined;
  }

  /** What is wanted. */
  get asks(): readonly Wanted[] {
    return this.#asks;
  }

  /**
   * The content of a blob; undefined if it is too large for a batch, or cannot be read. Its consumer can read
   * it alone.
   *
   * @param blob its number among what is wanted that has an id.
   */
  content(blob: number): Uint8Array | undefined {
    if (typeof this.batch !== "object") return undefined;
    const start = this.batch.ranges[blob * 2]!;
    return start < 0 ? undefined : this.batch.memory.subarray(start, this.batch.ranges[blob * 2 + 1]);
  }
}

/** Instead of a batch: the consumer reads every blob alone. */
export const LEFT_ALONE = "left alone";
