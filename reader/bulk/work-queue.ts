import { type Batch, batchIn, batchLength } from "./batch.ts";

// The states of a slot.
const FREE = 0;
const SUBMITTED = 1;
const TAKEN = 2;
const DONE = 3;

// Indexes in the numbers of the queue: how many batches were submitted, how many were finished, and the
// slots.
const SUBMISSIONS = 0;
const COMPLETIONS = 1;
const SLOTS = 2;

/** The shared memory of a work queue. */
export interface WorkQueueMemory {
  /** Two counts, and for each slot its state and its sequence number. */
  readonly numbers: SharedArrayBuffer;
  readonly slots: readonly SharedArrayBuffer[];
}

/**
 * Batches that one thread submits and others read, in shared memory: nothing is copied or transferred, and
 * the submitting thread sees what is done without a message. A message from thread to thread costs as much as
 * reading some ten blobs.
 *
 * A slot is free, submitted, taken, done and free again. The queue counts submissions and completions, for
 * those who wait.
 */
export class WorkQueue {
  readonly memory: WorkQueueMemory;
  readonly batches: readonly Batch[];
  readonly #numbers: Int32Array<SharedArrayBuffer>;

  constructor(memory: WorkQueueMemory) {
    this.memory = memory;
    this.#numbers = new Int32Array(memory.numbers);
    this.batches = memory.slots.map(batchIn);
  }

  /** @param sizes bytes of contents in each slot; pages of memory are taken only as they are needed. */
  static create(sizes: readonly number[]): WorkQueue {
    return new WorkQueue({
      numbers: new SharedArrayBuffer((SLOTS + sizes.length * 2) * Int32Array.BYTES_PER_ELEMENT),
      slots: sizes.map((size) => new SharedArrayBuffer(batchLength(size))),
    });
  }

  /** The slots that are free. */
  free(): number[] {
    return [...this.batches.keys()].filter((slot) => this.#state(slot) === FREE);
  }

  /** Submits the batch in a free slot. */
  submit(slot: number): void {
    const sequenceNumber = Atomics.add(this.#numbers, SUBMISSIONS, 1);
    Atomics.store(this.#numbers, SLOTS + slot * 2 + 1, sequenceNumber);
    Atomics.store(this.#numbers, SLOTS + slot * 2, SUBMITTED);
    Atomics.notify(this.#numbers, SUBMISSIONS);
  }

  isDone(slot: number): boolean {
    return this.#state(slot) === DONE;
  }

  /** Withdraws a batch that no thread has taken yet, and frees its slot; false if one has. */
  withdraw(slot: number): boolean {
    return Atomics.compareExchange(this.#numbers, SLOTS + slot * 2, SUBMITTED, FREE) === SUBMITTED;
  }

  /** Frees the slot of a batch that is done; its contents may be overwritten from now on. */
  release(slot: number): void {
    Atomics.store(this.#numbers, SLOTS + slot * 2, FREE);
  }

  /** How many batches were finished; for `finishedSince`. */
  get finished(): number {
    return Atomics.load(this.#numbers, COMPLETIONS);
  }

  /** Waits until another batch than those `finished` has been finished. */
  async finishedSince(finished: number): Promise<void> {
    await Atomics.waitAsync(this.#numbers, COMPLETIONS, finished).value;
  }

  /** Takes the batch that was submitted first; waits until there is one. Blocks the thread. */
  take(): number {
    for (;;) {
      const submissions = Atomics.load(this.#numbers, SUBMISSIONS);
      const slot = this.#oldest();
      if (slot === undefined) Atomics.wait(this.#numbers, SUBMISSIONS, submissions);
      else if (Atomics.compareExchange(this.#numbers, SLOTS + slot * 2, SUBMITTED, TAKEN) === SUBMITTED) {
        return slot;
      }
    }
  }

  /** Marks a batch that was taken as done. */
  finish(slot: number): void {
    Atomics.store(this.#numbers, SLOTS + slot * 2, DONE);
    Atomics.add(this.#numbers, COMPLETIONS, 1);
    Atomics.notify(this.#numbers, COMPLETIONS);
  }

  #oldest(): number | undefined {
    let oldest: number | undefined;
    for (let slot = 0; slot < this.batches.length; slot++) {
      if (this.#state(slot) !== SUBMITTED) continue;
      // A difference, because the sequence number may have passed the end of its 32 bits.
      const isOlder =
        oldest === undefined || ((this.#sequenceNumber(slot) - this.#sequenceNumber(oldest)) | 0) < 0;
      if (isOlder) oldest = slot;
    }
    return oldest;
  }

  #state(slot: number): number {
    return Atomics.load(this.#numbers, SLOTS + slot * 2);
  }

  #sequenceNumber(slot: number): number {
    return Atomics.load(this.#numbers, SLOTS + slot * 2 + 1);
  }
}
