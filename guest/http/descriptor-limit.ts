import { readFileSync } from "node:fs";

/** How many descriptors this process may have open, by proc(5); infinity if that does not say. */
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
