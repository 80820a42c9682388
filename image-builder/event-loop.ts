import { setImmediate } from "node:timers/promises";

/** Milliseconds of synchronous work after which signals and progress get to run. */
const INTERVAL = 50;

/** Lets long synchronous work yield to the event loop, now and then. */
export class EventLoopYield {
  readonly #signal: AbortSignal | undefined;
  readonly #interval: number;
  #last = performance.now();

  /** @param interval milliseconds of work between two yields. */
  constructor(signal: AbortSignal | undefined, interval: number = INTERVAL) {
    this.#signal = signal;
    this.#interval = interval;
  }

  /** Whether the work has run for the interval since it last yielded. */
  get isDue(): boolean {
    return performance.now() - this.#last > this.#interval;
  }

  /** Resolves after one turn of the event loop. @throws the signal's reason when aborted. */
  async yield(): Promise<void> {
    await setImmediate();
    this.#signal?.throwIfAborted();
    this.#last = performance.now();
  }
}
