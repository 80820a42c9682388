import { closeSync, openSync, readdirSync, readFileSync } from "node:fs";

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
export function areDescriptorsScarce(limit = descriptorLimit()): boolean {
  let lowestFree: number;
  try {
    lowestFree = openSync("/dev/null", "r");
  } catch {
    return true;
  }
  closeSync(lowestFree);
  // Half of the reserve is left: below that, connections make way for others (`freeDescriptors`).
  return lowestFree >= (threshold(limit) + limit) / 2;
}

/** How many more descriptors this process may open before they are scarce. */
export function freeDescriptors(limit = descriptorLimit()): number {
  return threshold(limit) - (openDescriptors() ?? 0);
}

/** Of a small limit, at most a quarter is reserved. */
function threshold(limit: number): number {
  return Math.max(limit - RESERVE, Math.floor((3 * limit) / 4));
}

let known: number | undefined;

/** The number of descriptors that this process may have open, from proc(5); infinity if it is not there. */
export function descriptorLimit(): number {
  // Node raises it once, when it starts.
  known ??= Number(/^Max open files +(\d+) /m.exec(readLimits())?.[1] ?? Number.POSITIVE_INFINITY);
  return known;
}

/** The number of descriptors that this process has open; undefined if proc(5) is not there. */
export function openDescriptors(): number | undefined {
  try {
    // Reading the folder opens one more.
    return readdirSync("/proc/self/fd").length - 1;
  } catch {
    return undefined;
  }
}

function readLimits(): string {
  try {
    return readFileSync("/proc/self/limits", "utf8");
  } catch {
    return "";
  }
}
