import { closeSync, openSync, readFileSync } from "node:fs";

/**
 * Descriptors that connections leave for the rest of the process: channels of machines, images, logs.
 * A machine that is started opens fewer.
 */
const RESERVE = 64;

/**
 * Whether this process has so many files open that it should accept no further connection. At its limit,
 * Node closes new connections without an event, and no machine could be started.
 *
 * @param limit the number of descriptors that this process may have open. Default: proc(5)'s.
 */
export function areDescriptorsScarce(limit = softLimit()): boolean {
  let lowestFree: number;
  try {
    lowestFree = openSync("/dev/null", "r");
  } catch {
    return true;
  }
  closeSync(lowestFree);
  return lowestFree >= Math.max(limit - RESERVE, limit / 2);
}

let known: number | undefined;

/** Node raises the limit once, when it starts. */
function softLimit(): number {
  known ??= Number(/^Max open files +(\d+) /m.exec(readLimits())?.[1] ?? Number.POSITIVE_INFINITY);
  return known;
}

function readLimits(): string {
  try {
    return readFileSync("/proc/self/limits", "utf8");
  } catch {
    return "";
  }
}
