import { deferred } from "../../reader/deferred.ts";
import { DocteurError } from "../../reader/errors.ts";
import { aborted } from "../aborted.ts";
import type { DiskReads } from "../qemu/disk.ts";
import type { GuardedProcess } from "../qemu/guarded-process.ts";
import type { Machine } from "../qemu/qemu.ts";
import { diskFault } from "../qemu/start.ts";
import { guestError } from "./guest-error.ts";

/** A process that has closed its channel must end within this time. */
const GRACE_MS = 2000;

/** What to wait for, and how long. */
export interface ReadyOptions {
  /** Names the process in messages: `the machine`. */
  readonly what: string;
  /** MiB of memory that it has, if it is a machine. */
  readonly memory?: number | undefined;
  /** The limit. */
  readonly seconds: number;
  /** Ends the wait and the process. */
  readonly signal?: AbortSignal | undefined;
  /** The disks of a machine: an error of QEMU's about one is told as the disk's. */
  readonly disks?: Machine["disks"] | undefined;
  /** What the process reads of a disk that this process serves. */
  readonly reads?: DiskReads | undefined;
}

/**
 * Waits until a process that was just started is ready. A process that fails to get ready is ended.
 *
 * @param ready resolves to true once the process is ready, to false if it closed its channel instead.
 * @throws {DocteurError} `BOOT_FAILED`, `BOOT_TIMEOUT`, `ABORTED`; the signal's reason; the error of a disk
 * that cannot be opened or read; any error that `ready` throws.
 */
export async function waitUntilReady(
  process: GuardedProcess,
  { what, seconds, signal, disks = [], reads }: ReadyOptions,
  ready: () => Promise<boolean>,
): Promise<void> {
  const late = deferred<"late" | "aborted" | "fault">();
  const limit = setTimeout(() => late.resolve("late"), seconds * 1000);
  const abort = () => late.resolve("aborted");
  signal?.addEventListener("abort", abort);
  if (signal?.aborted) abort();
  void reads?.failed.then(() => late.resolve("fault"));
  let outcome: "ready" | "ended" | "late" | "aborted" | "fault";
  try {
    const waiting = ready().then((isReady) => (isReady ? ("ready" as const) : ("ended" as const)));
    outcome = await Promise.race([waiting, late.promise]);
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
  if (outcome === "ready") return;
  if (outcome === "ended") await waitForEnd(process);
  await process.kill();
  if (outcome === "aborted") throw aborted(signal!);
  const fault = reads?.fault ?? diskFault({ disks }, process.consoleLog.lines(Number.POSITIVE_INFINITY));
  if (fault !== undefined) throw fault;
  if (outcome === "late") {
    throw guestError("BOOT_TIMEOUT", `${what} was not ready after ${seconds} seconds`, process);
  }
  throw guestError("BOOT_FAILED", `${what} ended before it was ready (${await process.ended})`, process);
}

/**
 * Waits, for a limited time, until a process that has closed its channel has ended and its last output is
 * read.
 */
export async function waitForEnd(process: GuardedProcess): Promise<void> {
  let limit: NodeJS.Timeout | undefined;
  const patience = new Promise((resolve) => {
    limit = setTimeout(resolve, GRACE_MS);
  });
  await Promise.race([process.ended, patience]);
  clearTimeout(limit);
}
