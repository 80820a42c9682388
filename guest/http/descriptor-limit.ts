import { readFileSync } from "node:fs";

/** The number of descriptors that this process may have open, from proc(5); infinity if it is not there. */
export function descriptorLimit(limits = readLimits()): number {
  const [, soft] = /^Max open files +(\d+) /m.exec(limits) ?? [];
  return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft);
}

function readLimits(): string {
  try {
    return readFileSync("/proc/self/limits", "utf8");
  } catch {
    return "";
  }
}
