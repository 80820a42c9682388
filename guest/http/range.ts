/** A part of a representation, in bytes; `end` is exclusive. */
export interface Part {
  readonly start: number;
  readonly end: number;
}

/**
 * Parses a `Range` (RFC 9110, section 14.1.2).
 *
 * @param size bytes of the representation.
 * @returns the part; `unsatisfiable` if the representation has nothing of it; undefined to ignore the field:
 * another unit than bytes, malformed, or more than one part, which this server does not support.
 */
export function parseRange(range: string | undefined, size: number): Part | "unsatisfiable" | undefined {
  if (range === undefined) return undefined;
  const [, first, last] = /^bytes=[ \t]*(\d*)-(\d*)[ \t]*$/i.exec(range) ?? [];
  if (first === undefined || last === undefined || (first === "" && last === "")) return undefined;
  if (first === "") {
    const length = Math.min(Number(last), size);
    return length === 0 ? "unsatisfiable" : { start: size - length, end: size };
  }
  const start = Number(first);
  if (last !== "" && Number(last) < start) return undefined;
  if (start >= size) return "unsatisfiable";
  return { start, end: last === "" ? size : Math.min(Number(last) + 1, size) };
}
