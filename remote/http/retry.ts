import { setTimeout as sleep } from "node:timers/promises";
import { SourceError } from "../../reader/source-error.ts";

/** Milliseconds before the second attempt; each later one waits up to twice as long as the one before. */
const FIRST_WAIT = 100;
const LONGEST_WAIT = 5000;

/**
 * Attempts at a first request: who has given a wrong address learns it soon. A read that is under way waits for
 * its server.
 */
export const OPENING_ATTEMPTS = 6;

/** Attempts at what a server does wrong rather than not at all: it may be one of several behind one name. */
const MALFORMED_ATTEMPTS = 5;

/** An attempt has failed in a way that another one may not. */
export class TryAgain extends Error {
  override name = "TryAgain";
  /** The error, if no further attempt is made. */
  readonly reason: SourceError;
  /** Milliseconds to wait first. Default: longer each time, and partly random. */
  readonly wait: number | undefined;
  /** Attempts at most, with those before. */
  readonly limit: number;

  constructor(
    reason: SourceError,
    options: { readonly wait?: number | undefined; readonly limit?: number } = {},
  ) {
    super(reason.message, { cause: reason });
    this.reason = reason;
    this.wait = options.wait;
    this.limit = options.limit ?? Number.POSITIVE_INFINITY;
  }
}

/** What a server says is not what HTTP has it say: tried again a few times, and an error then. */
export function malformed(display: string, what: string, options?: ErrorOptions): TryAgain {
  const reason = new SourceError(
    "SOURCE_MALFORMED",
    `${display}: the server, or a proxy before it, ${what}: try another server, or ask who runs it`,
    options,
  );
  return new TryAgain(reason, { limit: MALFORMED_ATTEMPTS });
}

/** How long and how often something is tried. */
export interface RetryOptions {
  readonly display: string;
  /** Seconds for all attempts together. */
  readonly deadline: number;
  /** Attempts at most, whatever fails. */
  readonly limit?: number | undefined;
  /** Each of them ends it. */
  readonly signals: readonly AbortSignal[];
  /** Gets a line about each attempt that has failed and is followed by another one. */
  readonly detail?: ((line: string) => void) | undefined;
}

/**
 * Makes attempts until one succeeds. Between them it waits as exponential backoff with jitter has it, or as
 * long as the server asks for (`Retry-After`).
 *
 * @param attempt gets a signal that ends it, and its number, from 1.
 * @throws {SourceError} an attempt's own; the last `TryAgain`'s reason when there are no attempts or there is
 *   no time left; `SOURCE_TIMEOUT` when the time ends during an attempt; the reason of a signal that is aborted.
 */
export async function withRetries<T>(
  options: RetryOptions,
  attempt: (signal: AbortSignal, number: number) => Promise<T>,
): Promise<T> {
  const { display, deadline, limit = Number.POSITIVE_INFINITY, signals, detail } = options;
  const throwIfAborted = () => {
    for (const signal of signals) signal.throwIfAborted();
  };
  throwIfAborted();
  const end = performance.now() + deadline * 1000;
  const controller = new AbortController();
  const abort = () => controller.abort();
  const timer = setTimeout(() => controller.abort(), Math.min(deadline * 1000, 2 ** 31 - 1));
  for (const signal of signals) signal.addEventListener("abort", abort, { once: true });
  let last: SourceError | undefined;
  try {
    for (let wait = 0, number = 1; ; number++) {
      try {
        if (wait > 0) await sleep(wait, undefined, { signal: controller.signal });
        return await attempt(controller.signal, number);
      } catch (error) {
        throwIfAborted();
        if (controller.signal.aborted) throw timedOut(display, deadline, last ?? error);
        if (!(error instanceof TryAgain)) throw error;
        if (number >= Math.min(limit, error.limit)) throw error.reason;
        wait = error.wait ?? backoff(number);
        if (performance.now() + wait >= end) throw error.reason;
        last = error.reason;
        detail?.(`${last.message} (attempt ${number}, the next one in ${(wait / 1000).toFixed(1)} s)`);
      }
    }
  } finally {
    clearTimeout(timer);
    for (const signal of signals) signal.removeEventListener("abort", abort);
  }
}

function timedOut(display: string, deadline: number, cause: unknown): SourceError {
  const why =
    cause instanceof SourceError
      ? `; before that, ${cause.message.replace(`${display}: `, "").replace(/: try again later$/, "")}`
      : "";
  const message = `${display}: no whole answer within ${deadline} s${why}: try again later`;
  return new SourceError("SOURCE_TIMEOUT", message, { cause });
}

/** Milliseconds: at least half of what doubles each time, so that many readers do not come back at once. */
function backoff(number: number): number {
  return Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** (number - 1)) * (0.5 + Math.random() / 2);
}

/**
 * Milliseconds that `Retry-After` asks to wait (RFC 9110, section 10.2.3): seconds, or a date.
 * @param now milliseconds since 1970.
 */
export function retryAfter(value: string | undefined, now = Date.now()): number | undefined {
  if (value === undefined) return undefined;
  if (/^\s*\d{1,9}\s*$/.test(value)) return Number(value) * 1000;
  // The three forms of a date in HTTP begin with the name of a day; `Date.parse` takes many others.
  const date = /^\s*[A-Za-z]{3}/.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
