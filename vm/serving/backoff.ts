import { DocteurError } from "../../reader/errors.ts";

/** So many machines may end in so many milliseconds. */
const MAX_ENDS = 5;
const PERIOD_MS = 60_000;

/** Milliseconds before the second replacement in a period; each further one waits twice as long. */
const FIRST_DELAY_MS = 250;

/** Limits how often machines are replaced. */
export class Backoff {
  readonly #ends: number[] = [];

  /**
   * Counts the end of a machine.
   * @param now milliseconds, as of `performance.now`. @param why the machine has ended.
   * @returns milliseconds to wait before it is replaced. @throws {DocteurError} `RESTARTS_FAILED`.
   */
  count(now: number, why: string): number {
    this.#ends.push(now);
    while (now - this.#ends[0]! > PERIOD_MS) this.#ends.shift();
    if (this.#ends.length > MAX_ENDS) {
      const limit = `${why}; ${this.#ends.length} machines have ended within ${PERIOD_MS / 1000} seconds`;
      throw new DocteurError("RESTARTS_FAILED", limit);
    }
    return this.#ends.length === 1 ? 0 : FIRST_DELAY_MS * 2 ** (this.#ends.length - 2);
  }
}
