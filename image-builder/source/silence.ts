import { DocteurError } from "../../reader/errors.ts";

/** Seconds that a server may say nothing. */
export const DEFAULT_TIMEOUT = 120;

/** Seconds; more than a timer can count. */
const LONGEST = 2 ** 31 / 1000 - 1;

/**
 * The seconds as they are, if they are some.
 * @throws {DocteurError} `BAD_TIMEOUT`: not an integer from 1 to 2147482.
 */
export function checkTimeout(seconds: number): number {
  if (Number.isInteger(seconds) && seconds >= 1 && seconds <= LONGEST) return seconds;
  const most = Math.floor(LONGEST);
  throw new DocteurError("BAD_TIMEOUT", `bad timeout ${seconds}: it must be from 1 to ${most} whole seconds`);
}

/** Waits for signs of life and, when there has been none for so long, aborts its signal with a `TIMEOUT`. */
export class Silence implements Disposable {
  readonly signal: AbortSignal;
  readonly #timer: NodeJS.Timeout;

  /** @param whom it is about, for the error's message. */
  constructor(whom: string, seconds: number) {
    const controller = new AbortController();
    this.signal = controller.signal;
    const what = `${whom} says nothing for ${seconds} seconds: given up (--timeout)`;
    this.#timer = setTimeout(() => controller.abort(new DocteurError("TIMEOUT", what)), seconds * 1000);
  }

  /** There was a sign. */
  broken(): void {
    this.#timer.refresh();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}
