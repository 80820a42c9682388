import { deferred } from "../reader/deferred.ts";

/** Waits for work, but no longer than until a signal is aborted. @throws the signal's reason. */
export async function unlessAborted<Result>(
  work: Promise<Result>,
  signal: AbortSignal | undefined,
): Promise<Result> {
  if (signal === undefined) return await work;
  // Its error is everybody's who waits for it, and nobody's if all are aborted.
  work.catch(() => {});
  signal.throwIfAborted();
  const aborted = deferred<never>();
  const abort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
