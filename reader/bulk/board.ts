import { type Batch, batchIn, batchLength } from "./batch.ts";

const FREE = 0;
const ASKED = 1;
const TAKEN = 2;
const DONE = 3;

/** Numbers of the board before those of its slots. */
const POSTED = 0;
const FINISHED = 1;
const SLOTS = 2;

/** The shared memory that a board is. */
export interface BoardMemory {
  readonly numbers: SharedArrayBuffer;
  readonly slots: readonly SharedArrayBuffer[];
}

/**
 * Where one thread posts batches to be read and others take them from, in shared memory: nothing is copied or handed over,
 * and the one who posts sees what is done without turning its event loop. A message from thread to thread costs as much as
 * reading some ten blobs.
 *
 * A slot is free, asked for, taken, done and free again; the board counts what was posted and what was finished, for those
 * who wait.
 */
export class Board {
  readonly memory: BoardMemory;
  readonly batches: readonly Batch[];
  readonly #numbers: Int32Array<SharedArrayBuffer>;

  constructor(memory: BoardMemory) {
    this.memory = memory;
    this.#numbers = new Int32Array(memory.numbers);
    this.batches = memory.slots.map(batchIn);
  }

  /** @param sizes bytes of contents in each slot; pages of memory are taken only as they are needed. */
  static create(sizes: readonly number[]): Board {
    return new Board({
      numbers: new SharedArrayBuffer((SLOTS + sizes.length * 2) * Int32Array.BYTES_PER_ELEMENT),
      slots: sizes.map((size) => new SharedArrayBuffer(batchLength(size))),
    });
  }

  /** The slots that are free. */
  free(): number[] {
    return [...this.batches.keys()].filter((slot) => this.#state(slot) === FREE);
  }

  /** Has the batch in a free slot read by whoever takes it. */
  post(slot: number): void {
    const turn = Atomics.add(this.#numbers, POSTED, 1);
    Atomics.store(this.#numbers, SLOTS + slot * 2 + 1, turn);
    Atomics.store(this.#numbers, SLOTS + slot * 2, ASKED);
    Atomics.notify(this.#numbers, POSTED);
  }

  isDone(slot: number): boolean {
    return this.#state(slot) === DONE;
  }

  /** Takes a batch back that nobody has taken yet, and frees its slot; false if somebody has. */
  withdraw(slot: number): boolean {
    return Atomics.compareExchange(this.#numbers, SLOTS + slot * 2, ASKED, FREE) === ASKED;
  }

  /** Frees the slot of a batch that is done; its contents may be overwritten from now on. */
  release(slot: number): void {
    Atomics.store(this.#numbers, SLOTS + slot * 2, FREE);
  }

  /** How many batches were finished; for `finishedSince`. */
  get finished(): number {
    return Atomics.load(this.#numbers, FINISHED);
  }

  /** Waits until another batch than those `finished` has been finished. */
  async finishedSince(finished: number): Promise<void> {
    await Atomics.waitAsync(this.#numbers, FINISHED, finished).value;
  }

  /** Takes the batch that was posted first, waiting until there is one. Blocks the thread. */
  take(): number {
    for (;;) {
      const posted = Atomics.load(this.#numbers, POSTED);
      const slot = this.#oldest();
      if (slot === undefined) Atomics.wait(this.#numbers, POSTED, posted);
      else if (Atomics.compareExchange(this.#numbers, SLOTS + slot * 2, ASKED, TAKEN) === ASKED) return slot;
    }
  }

  /** Tells that a batch that was taken has been read. */
  finish(slot: number): void {
    Atomics.store(this.#numbers, SLOTS + slot * 2, DONE);
    Atomics.add(this.#numbers, FINISHED, 1);
    Atomics.notify(this.#numbers, FINISHED);
  }

  #oldest(): number | undefined {
    let oldest: number | undefined;
    for (let slot = 0; slot < this.batches.length; slot++) {
      if (this.#state(slot) !== ASKED) continue;
      // A difference, because the count may have passed the end of its 32 bits.
      if (oldest === undefined || ((this.#turn(slot) - this.#turn(oldest)) | 0) < 0) oldest = slot;
    }
    return oldest;
  }

  #state(slot: number): number {
    return Atomics.load(this.#numbers, SLOTS + slot * 2);
  }

  #turn(slot: number): number {
    return Atomics.load(this.#numbers, SLOTS + slot * 2 + 1);
  }
}
