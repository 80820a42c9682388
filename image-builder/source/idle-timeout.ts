import { DocteurError } from "../../reader/errors.ts";

/** Seconds without activity after which a transfer fails. */
export const DEFAULT_TIMEOUT = 120;

/** Seconds; a timer counts at most 2^31 - 1 milliseconds. */
export const MAX_TIMEOUT = Math.floor((2 ** 31 - 1) / 1000);

/**
 * Checks an idle timeout in seconds, and returns it.
 * @throws {DocteurError} `BAD_TIMEOUT`: not an integer from 1 to `MAX_TIMEOUT`.
 */
export function checkTimeout(seconds: number): number {
  if (Number.isInteger(seconds) && seconds >= 1 && seconds <= MAX_TIMEOUT) return seconds;
  throw new DocteurError(
    "BAD_TIMEOUT",
    `bad timeout ${seconds}: it must be an integer from 1 to ${MAX_TIMEOUT} (seconds)`,
  );
}

/** Aborts its signal with a `TIMEOUT` when `activity` has not been called for some seconds. */
export class IdleTimeout implements Disposable {
  readonly signal: AbortSignal;
  readonly #timer: NodeJS.Timeout;

  /** @param server what the error's message names. */
  constructor(server: string, seconds: number) {
    const controller = new AbortController();
    this.signal = controller.signal;
    const idle = seconds === 1 ? "1 second" : `${seconds} seconds`;
    const what = `${server}: no data for ${idle}; --timeout sets this limit`;
    this.#timer = setTimeout(() => controller.abort(new DocteurError("TIMEOUT", what)), seconds * 1000);
  }

  /** Restarts the timeout. */
  activity(): void {
    this.#timer.refresh();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}
