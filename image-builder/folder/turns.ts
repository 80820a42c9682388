import { setImmediate } from "node:timers/promises";

/** Milliseconds of work after which signals and progress get their turn. */
const TURN = 50;

/** Long work that does not wait for anything lets others have their turn. */
export class Turns {
  readonly #signal: AbortSignal | undefined;
  readonly #length: number;
  #started = performance.now();

  /** @param length milliseconds of a turn. */
  constructor(signal: AbortSignal | undefined, length: number = TURN) {
    this.#signal = signal;
    this.#length = length;
  }

  /** Whether it is time for `yield`. */
  get isOver(): boolean {
    return performance.now() - this.#started > this.#length;
  }

  /** @throws the signal's reason when aborted. */
  async yield(): Promise<void> {
    await setImmediate();
    this.#signal?.throwIfAborted();
    this.#started = performance.now();
  }
}
