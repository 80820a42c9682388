import type { Invocation } from "./arguments.ts";

const UNITS: Readonly<Record<string, number>> = { "": 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };

/**
 * The value of an option that takes a number of bytes: `1048576`, `512M`, `1.5G`, `2GiB`. A unit is a power of
 * 1024.
 * @returns bytes.
 * @throws {UsageError} if it is none, or too large to count.
 */
export function size(invocation: Invocation, name: string): number | undefined {
  const value = invocation.text(name);
  if (value === undefined) return undefined;
  const [, number, unit] = /^(\d+(?:\.\d+)?)([KMGT]?)(?:iB|B)?$/i.exec(value) ?? [];
  const bytes = Math.round(Number(number) * (UNITS[unit?.toUpperCase() ?? ""] ?? Number.NaN));
  if (!Number.isSafeInteger(bytes)) {
    throw invocation.misuse(`--${name} takes a size such as 512M or 2G, not '${value}'`);
  }
  return bytes;
}
