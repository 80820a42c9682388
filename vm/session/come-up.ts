import { DocteurError } from "../../reader/errors.ts";
import { deferred } from "../deferred.ts";
import type { GuardedProcess } from "../qemu/guarded-process.ts";
import { failure } from "./guest-error.ts";

/** How long a process that has closed its channel may take to end. */
const GRACE_MS = 2000;

/** How long to wait, and for what. */
export interface ComeUpOptions {
  /** What the process is in messages, `the machine` say. */
  readonly what: string;
  /** MiB of memory that it has, if it is a machine. */
  readonly memory?: number | undefined;
  /** The limit. */
  readonly seconds: number;
  /** Ends the wait and the process. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Waits until a process that was just started is up. If it does not come up, it is ended.
 *
 * @param up fulfilled with true once it is, with false if it closed its channel instead.
 * @throws {DocteurError} `BOOT_FAILED`, `BOOT_TIMEOUT`, `ABORTED`; and whatever `up` throws.
 */
export async function comeUp(
  process: GuardedProcess,
  { what, seconds, signal }: ComeUpOptions,
  up: () => Promise<boolean>,
): Promise<void> {
  const late = deferred<"late" | "aborted">();
  const limit = setTimeout(() => late.resolve("late"), seconds * 1000);
  const abort = () => late.resolve("aborted");
  signal?.addEventListener("abort", abort);
  if (signal?.aborted) abort();
  let outcome: "up" | "ended" | "late" | "aborted";
  try {
    const coming = up().then((isUp) => (isUp ? ("up" as const) : ("ended" as const)));
    outcome = await Promise.race([coming, late.promise]);
  } catch (error) {
    if (!(error instanceof DocteurError && error.code === "QEMU_GONE")) {
      await process.kill();
      throw error;
    }
    outcome = "ended";
  } finally {
    clearTimeout(limit);
    signal?.removeEventListener("abort", abort);
  }
  if (outcome === "up") return;
  if (outcome === "ended") await giveTimeToEnd(process);
  await process.kill();
  if (outcome === "aborted") throw aborted(signal!);
  if (outcome === "late") {
    throw failure("BOOT_TIMEOUT", `${what} was not up after ${seconds} seconds`, process);
  }
  throw failure("BOOT_FAILED", `${what} did not come up (${await process.ended})`, process);
}

/** What is thrown when a signal was aborted: its reason, or what stands for it. */
export function aborted(signal: AbortSignal): Error {
  if (signal.reason instanceof DocteurError) return signal.reason;
  return new DocteurError("ABORTED", `ended by ${signalName(signal)}`);
}

/** The name of the signal that the reason tells; by default SIGTERM. */
export function signalName(signal: AbortSignal): string {
  return /SIG[A-Z]+/.exec(String(signal.reason))?.[0] ?? "SIGTERM";
}

/** The channel closes a moment before the process is gone and its last words are read. */
export async function giveTimeToEnd(process: GuardedProcess): Promise<void> {
  let limit: NodeJS.Timeout | undefined;
  const patience = new Promise((resolve) => {
    limit = setTimeout(resolve, GRACE_MS);
  });
  await Promise.race([process.ended, patience]);
  clearTimeout(limit);
}
