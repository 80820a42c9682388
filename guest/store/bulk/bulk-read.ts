import type { Objects } from "../../pack/objects.ts";
import type { ConnectOptions } from "../open-objects.ts";
import { BATCH_COUNT, type Batch, batchIn, batchLength, fillBatch, readBatch } from "./batch.ts";
import { Board } from "./board.ts";
import { type Ask, Job, LEFT_ALONE } from "./job.ts";
import { Threads } from "./threads.ts";

/**
 * Batches for each thread: one that is read, one that waits for it, one whose contents are looked at, and one in reserve; and
 * those that are read in this thread, of which one is in reserve. The reserve is for what did not fit in its batch, and is
 * wanted before what has been read ahead.
 */
const SLOTS_PER_THREAD = 4;
const LOCAL_BATCHES = 3;

/** So many jobs, those wanted first, may use the reserve. */
const NEXT = 2;

/** Bytes of contents in a batch that is read in this thread. */
const LOCAL_SIZE = 1.5 * 1024 * 1024;

/** Where a thread can open the device once more. */
export interface ThreadOptions {
  /** Threads beside this one. */
  readonly count: number;
  readonly path: string;
  readonly connect: ConnectOptions;
}

/**
 * Reads many blobs ahead of the one who takes them, in their order, in batches: by threads, and by this thread whenever it
 * would have to wait for them. Memory holds a few batches, however many blobs there are.
 */
export class BulkRead {
  readonly #objects: Objects;
  readonly #options: ThreadOptions | undefined;
  #board: Board | undefined;
  #threads: Threads | undefined;
  readonly #local: Batch[] = [];
  #localMade = 0;
  /** Slots whose batches nobody wants any more, but some thread is reading. */
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
    const draw = (ahead = true): Job<Wanted> | undefined => {
      const next = ahead ? queue : queue.slice(0, NEXT);
      const waiting = next.find(({ batch }) => batch === undefined);
      if (waiting !== undefined || !ahead) return waiting;
      const asks = take(source, BATCH_COUNT);
      if (asks.length === 0) return undefined;
      const job = new Job(asks);
      queue.push(job);
      return job;
    };
    // The first job is read here: threads are worth their start only if there are more.
    let begun = false;
    try {
      for (;;) {
        const finished = this.#board?.finished ?? 0;
        this.#sortOut(queue);
        if (begun) this.#post(draw);
        const head = queue[0] ?? draw();
        if (head === undefined) return;
        begun = true;
        if (head.batch === undefined || this.#withdraw(head)) this.#readHere(head);
        else if (this.#isReady(head)) {
          yield head;
          queue.shift();
          this.#release(head);
        } else {
          // Rather than wait for the thread that reads what is wanted first, read what comes later.
          const free = this.#localFree;
          const next = free > 0 ? draw(free > 1) : undefined;
          if (next !== undefined) this.#readHere(next);
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

  /** Puts what did not fit in a batch behind it. */
  #sortOut<Wanted extends Ask>(queue: Job<Wanted>[]): void {
    for (let i = 0; i < queue.length; i++) {
      if (this.#isReady(queue[i]!)) queue.splice(i + 1, 0, ...queue[i]!.cut());
    }
  }

  /** Keeps the threads at work. */
  #post<Wanted extends Ask>(draw: (ahead: boolean) => Job<Wanted> | undefined): void {
    if (this.#options === undefined) return;
    if (this.#board === undefined) {
      if (draw(true) === undefined) return;
      const { count, path, connect } = this.#options;
      this.#board = Board.create(count * SLOTS_PER_THREAD);
      this.#threads = new Threads(count, path, connect, this.#board);
    }
    if (this.#threads === undefined) return;
    for (const slot of this.#orphans) {
      if (!this.#board.isDone(slot)) continue;
      this.#board.release(slot);
      this.#orphans.delete(slot);
    }
    const free = this.#board.free();
    while (free.length > 0) {
      const job = draw(free.length > this.#options.count);
      if (job === undefined) return;
      job.slot = free.pop()!;
      job.batch = this.#board.batches[job.slot]!;
      fillBatch(job.batch, job.ids);
      this.#board.post(job.slot);
    }
  }

  #isReady({ batch, slot }: Job<Ask>): boolean {
    return batch !== undefined && (slot === undefined || this.#board!.isDone(slot));
  }

  /** Takes a job back that no thread has begun. */
  #withdraw(job: Job<Ask>): boolean {
    if (job.slot === undefined || !this.#board!.withdraw(job.slot)) return false;
    job.slot = undefined;
    return true;
  }

  get #localFree(): number {
    return this.#local.length + LOCAL_BATCHES - this.#localMade;
  }

  #readHere(job: Job<Ask>): void {
    if (this.#localFree === 0) {
      job.batch = LEFT_ALONE;
      return;
    }
    if (this.#local.length === 0) {
      this.#local.push(batchIn(new ArrayBuffer(batchLength(LOCAL_SIZE))));
      this.#localMade++;
    }
    const batch = this.#local.pop()!;
    fillBatch(batch, job.ids);
    readBatch(this.#objects, batch);
    job.batch = batch;
  }

  #release(job: Job<Ask>): void {
    if (typeof job.batch !== "object") return;
    if (job.slot === undefined) this.#local.push(job.batch);
    else if (this.#board!.isDone(job.slot)) this.#board!.release(job.slot);
    else if (!this.#board!.withdraw(job.slot)) this.#orphans.add(job.slot);
  }

  /** False if a thread has died, and whatever it had taken may never be finished. */
  async #finishedSince(finished: number): Promise<boolean> {
    try {
      await this.#threads!.meanwhile(this.#board!.finishedSince(finished));
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
      if (this.#isReady(job) || job.batch === undefined || this.#withdraw(job)) continue;
      job.slot = undefined;
      job.batch = LEFT_ALONE;
    }
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
