import type { Objects } from "../pack/objects.ts";
import { BATCH_COUNT, type Batch, batchIn, batchLength, fillBatch, readBatch } from "./batch.ts";
import { type Ask, Job, LEFT_ALONE } from "./job.ts";
import type { ThreadOptions } from "./thread-options.ts";
import type { ThreadPool } from "./thread-pool.ts";
import { WorkQueue } from "./work-queue.ts";

/**
 * Batches for each thread: one that is read, some that wait for it or to be looked at, and one in reserve;
 * and those that are read in this thread, of which one is in reserve. The reserve is for what did not fit in
 * its batch, and is wanted before what has been read ahead. Batches take unlike times: of every blob of 32,800
 * HTML files in order, a thread waits for 29 % of the time with 6 batches of 1.5 MiB, for 15 % with these; of
 * 10,000 at random for 6 % and 1 %.
 */
const SLOTS_PER_THREAD = 12;
const LOCAL_BATCHES = 4;

/** So many jobs, those wanted first, may use the reserve. */
const NEXT = 2;

/** Bytes of contents in a batch. */
const BATCH_MEMORY = 1024 * 1024;

/**
 * Bytes in the batch for a blob that fits in no other: one in the work queue, for any of the threads, and one
 * here.
 */
const LARGE_SLOT_MEMORY = 8 * 1024 * 1024;
const LARGE_MEMORY = 24 * 1024 * 1024;

/** The first slot of the work queue. */
const LARGE_SLOT = 0;

/**
 * Reads many blobs ahead of their consumer, in their order, in batches: by threads, and by this thread
 * whenever it would have to wait for them. Memory holds a few batches, however many blobs there are.
 */
export class BulkRead {
  readonly #objects: Objects;
  readonly #options: ThreadOptions | undefined;
  #work: WorkQueue | undefined;
  #threads: ThreadPool | undefined;
  readonly #local = new Batches(LOCAL_BATCHES, BATCH_MEMORY);
  readonly #localLarge = new Batches(1, LARGE_MEMORY);
  /** Slots whose batches are no longer wanted, but still being read by a thread. */
  readonly #orphans = new Set<number>();

  /** @param options none if there is to be no thread but this one. */
  constructor(objects: Objects, options?: ThreadOptions) {
    this.#objects = objects;
    this.#options = options;
  }

  /**
   * What is wanted, in order, as jobs whose contents are good until the next job is asked for.
   */
  async *read<Wanted extends Ask>(source: Iterator<Wanted>): AsyncGenerator<Job<Wanted>> {
    const queue: Job<Wanted>[] = [];
    const draw = (): Job<Wanted> | undefined => {
      const asks = take(source, BATCH_COUNT);
      if (asks.length === 0) return undefined;
      const job = new Job(asks);
      queue.push(job);
      return job;
    };
    try {
      for (;;) {
        const finished = this.#work?.finished ?? 0;
        this.#requeueOverflow(queue);
        this.#submit(queue, draw);
        const head = queue[0] ?? draw();
        if (head === undefined) return;
        if (this.#isUnread(head)) this.#readHere(head, queue, draw);
        else if (this.#isReady(head)) {
          yield head;
          queue.shift();
          this.#release(head);
        } else {
          // Rather than wait for the thread that reads what is wanted first, read what is wanted next.
          const next = this.#nextToReadHere(queue, draw);
          if (next !== undefined) this.#readHere(next, queue, draw);
          else if (!(await this.#finishedSince(finished))) this.#giveUpThreads(queue);
        }
      }
    } finally {
      source.return?.();
      for (const job of queue) this.#release(job);
    }
  }

  close(): void {
    this.#threads?.close();
  }

  /** Puts what did not fit in a batch back into the queue, behind it. */
  #requeueOverflow<Wanted extends Ask>(queue: Job<Wanted>[]): void {
    for (let i = 0; i < queue.length; i++) {
      const job = queue[i]!;
      if (!this.#isReady(job)) continue;
      queue.splice(i + 1, 0, ...job.split());
      if (!job.needsLargerBatch) continue;
      this.#release(job);
      job.promote();
    }
  }

  /** Keeps the threads at work. They are worth their start if there is more than one job. */
  #submit<Wanted extends Ask>(queue: readonly Job<Wanted>[], draw: () => Job<Wanted> | undefined): void {
    if (this.#options === undefined) return;
    while (this.#work === undefined && queue.length < 2) if (draw() === undefined) return;
    this.#work ??= this.#startThreads(this.#options);
    if (this.#threads === undefined) return;
    const free = this.#freeSlots(this.#work);
    let largeIsFree = free[0] === LARGE_SLOT;
    if (largeIsFree) free.shift();
    for (const [index, job] of queue.entries()) {
      if (job.batch !== undefined) continue;
      if (job.batchSize === "large") {
        if (largeIsFree) this.#submitIn(LARGE_SLOT, job);
        largeIsFree = false;
      } else if (job.batchSize === "any" && free.length > (index < NEXT ? 0 : this.#options.count)) {
        this.#submitIn(free.pop()!, job);
      }
    }
    while (free.length > this.#options.count) {
      const job = draw();
      if (job === undefined) return;
      this.#submitIn(free.pop()!, job);
    }
  }

  #startThreads({ threads, count, path, connect }: ThreadOptions): WorkQueue {
    const sizes = Array.from({ length: count * SLOTS_PER_THREAD }, () => BATCH_MEMORY);
    const work = WorkQueue.create([LARGE_SLOT_MEMORY, ...sizes]);
    // What no slot can hold is not for a thread, and so neither is what is built on such a thing.
    const maxObjectSize = Math.min(connect.maxObjectSize ?? LARGE_SLOT_MEMORY, LARGE_SLOT_MEMORY);
    const { platform: _, onNote: _note, ...options } = { ...connect, maxObjectSize };
    this.#threads = threads.start(count, { path, options, queue: work.memory });
    return work;
  }

  #freeSlots(work: WorkQueue): number[] {
    for (const slot of this.#orphans) {
      if (!work.isDone(slot)) continue;
      work.release(slot);
      this.#orphans.delete(slot);
    }
    return work.free();
  }

  #submitIn(slot: number, job: Job<Ask>): void {
    job.slot = slot;
    job.batch = this.#work!.batches[slot]!;
    fillBatch(job.batch, job.asks);
    this.#work!.submit(slot);
  }

  #isReady({ batch, slot }: Job<Ask>): boolean {
    return batch !== undefined && (slot === undefined || this.#work!.isDone(slot));
  }

  /** Whether no thread has begun to read a job; if it was submitted, it is withdrawn. */
  #isUnread(job: Job<Ask>): boolean {
    if (job.batch === undefined) return true;
    if (job.slot === undefined || !this.#work!.withdraw(job.slot)) return false;
    job.batch = undefined;
    job.slot = undefined;
    return true;
  }

  #nextToReadHere<Wanted extends Ask>(
    queue: readonly Job<Wanted>[],
    draw: () => Job<Wanted> | undefined,
  ): Job<Wanted> | undefined {
    const mayRead = (job: Job<Ask>, index: number) =>
      job.batchSize === "any" ? this.#local.free > (index < NEXT ? 0 : 1) : this.#localLarge.free > 0;
    const next = queue.find((job, index) => mayRead(job, index) && this.#isUnread(job));
    return next ?? (this.#local.free > 1 ? draw() : undefined);
  }

  #readHere<Wanted extends Ask>(
    job: Job<Wanted>,
    queue: readonly Job<Wanted>[],
    draw: () => Job<Wanted> | undefined,
  ): void {
    const batch = this.#localFor(job).take() ?? this.#takeBack(job, queue);
    job.batch = batch ?? LEFT_ALONE;
    if (batch === undefined) return;
    fillBatch(batch, job.asks);
    this.#submit(queue, draw);
    readBatch(this.#objects, batch);
  }

  /**
   * A batch for the job that is wanted first, from one that was read ahead of it and has to be read again;
   * undefined if other reads at the same time have them all.
   */
  #takeBack(job: Job<Ask>, queue: readonly Job<Ask>[]): Batch | undefined {
    const batches = this.#localFor(job);
    const holder = queue.findLast(
      ({ batch, slot, batchSize }) =>
        typeof batch === "object" && slot === undefined && this.#localFor({ batchSize }) === batches,
    );
    const batch = holder?.batch as Batch | undefined;
    if (holder !== undefined) holder.batch = undefined;
    return batch;
  }

  #localFor({ batchSize }: Pick<Job<Ask>, "batchSize">): Batches {
    return batchSize === "any" ? this.#local : this.#localLarge;
  }

  #release(job: Job<Ask>): void {
    const { batch, slot } = job;
    if (typeof batch !== "object") return;
    if (slot === undefined) this.#localFor(job).giveBack(batch);
    else if (this.#work!.isDone(slot)) this.#work!.release(slot);
    else if (!this.#work!.withdraw(slot)) this.#orphans.add(slot);
  }

  /** False if a thread has died: what it had taken may never be finished. */
  async #finishedSince(finished: number): Promise<boolean> {
    try {
      await this.#threads!.meanwhile(this.#work!.finishedSince(finished));
      return true;
    } catch {
      return false;
    }
  }

  /** Goes on without threads. */
  #giveUpThreads(queue: readonly Job<Ask>[]): void {
    this.#threads?.close();
    this.#threads = undefined;
    for (const job of queue) {
      if (this.#isReady(job) || this.#isUnread(job)) continue;
      job.slot = undefined;
      job.batch = LEFT_ALONE;
    }
  }
}

/** Batches for what this thread reads. */
class Batches {
  readonly #there: Batch[] = [];
  readonly #size: number;
  /** How many can be taken. */
  free: number;

  constructor(count: number, size: number) {
    this.free = count;
    this.#size = size;
  }

  take(): Batch | undefined {
    if (this.free === 0) return undefined;
    this.free--;
    return this.#there.pop() ?? batchIn(new ArrayBuffer(batchLength(this.#size)));
  }

  giveBack(batch: Batch): void {
    this.free++;
    this.#there.push(batch);
  }
}

function take<Item>(source: Iterator<Item>, count: number): Item[] {
  const items: Item[] = [];
  while (items.length < count) {
    const next = source.next();
    if (next.done === true) break;
    items.push(next.value);
  }
  return items;
}
