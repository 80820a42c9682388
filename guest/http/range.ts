/** A part of a representation, in bytes; `end` is exclusive. */
export interface Part {
  readonly start: number;
  readonly end: number;
}

/** The most ranges of a request that are read, those without effect included. */
const MAX_RANGES = 256;

/** The most parts of a response. */
const MAX_PARTS = 16;

/**
 * Bytes that the header of a part takes about (RFC 9110, section 15.3.7.2). Two parts with fewer bytes
 * between them are sent as one.
 */
const PART_OVERHEAD = 80;

/**
 * Parses a `Range` (RFC 9110, section 14.1.2).
 *
 * @param size bytes of the representation.
 * @returns the parts, from 1 to 16, at least 80 bytes apart, each in the place of the first range that it
 * contains; ranges of which the representation has nothing are left out. `unsatisfiable` if it has nothing of
 * any. Undefined to ignore the field: another unit than bytes, malformed, more than 256 ranges, or more than
 * 16 parts.
 */
export function parseRange(
  range: string | undefined,
  size: number,
): readonly Part[] | "unsatisfiable" | undefined {
  const list = range === undefined ? undefined : /^bytes=(.*)$/i.exec(range)?.[1];
  const specifiers = list?.split(",", MAX_RANGES + 1) ?? [];
  if (specifiers.length > MAX_RANGES) return undefined;
  const parts: Part[] = [];
  let isEmpty = true;
  for (const specifier of specifiers) {
    // A list may have empty elements (section 5.6.1.2).
    if (/^[ \t]*$/.test(specifier)) continue;
    isEmpty = false;
    const part = parseSpecifier(specifier, size);
    if (part === undefined) return undefined;
    if (part !== "unsatisfiable") parts.push(part);
  }
  if (isEmpty) return undefined;
  if (parts.length === 0) return "unsatisfiable";
  const coalesced = coalesce(parts);
  return coalesced.length > MAX_PARTS ? undefined : coalesced;
}

/** One range; undefined if it is malformed. */
function parseSpecifier(specifier: string, size: number): Part | "unsatisfiable" | undefined {
  const [, first, last] = /^[ \t]*(\d*)-(\d*)[ \t]*$/.exec(specifier) ?? [];
  if (first === undefined || last === undefined || (first === "" && last === "")) return undefined;
  if (first === "") {
    const length = Math.min(Number(last), size);
    return length === 0 ? "unsatisfiable" : { start: size - length, end: size };
  }
  // Numbers beyond 2^53 may differ although they are equal as doubles.
  if (last !== "" && BigInt(last) < BigInt(first)) return undefined;
  const start = Number(first);
  if (start >= size) return "unsatisfiable";
  return { start, end: last === "" ? size : Math.min(Number(last) + 1, size) };
}

/** Joins parts that overlap, or have fewer than `PART_OVERHEAD` bytes between them. */
function coalesce(parts: readonly Part[]): Part[] {
  const ascending = parts.map((part, place) => ({ ...part, place })).sort((a, b) => a.start - b.start);
  const joined: typeof ascending = [];
  for (const part of ascending) {
    const before = joined.at(-1);
    if (before === undefined || part.start - before.end >= PART_OVERHEAD) joined.push(part);
    else {
      before.end = Math.max(before.end, part.end);
      before.place = Math.min(before.place, part.place);
    }
  }
  return joined.sort((a, b) => a.place - b.place).map(({ start, end }) => ({ start, end }));
}
