/** How much time is spent on a small PACK. */
export type Compression = keyof typeof COMPRESSIONS;

/** The settings of a `Compression`. */
export interface Effort {
  /** zlib's, 1 to 9. */
  readonly level: number;
  /** Similar objects among which git searches the base of a delta; 0 for no deltas. */
  readonly window: number;
  /** The longest chain of deltas down to an undeltified object: each delta costs a reader time. */
  readonly depth: number;
}

/**
 * Measured on 32,800 HTML files (493 MB) in `similarOrder`, with git's search, beside level 6, a window of 20
 * and a depth of 2: half the window makes the PACK 4 % larger in 75 % of the time, half as much again 1 %
 * smaller in 115 %; level 9 makes it 1 % smaller in 145 %; a depth of 3 makes it 3 % smaller and files at random
 * 12 % slower to read.
 */
export const COMPRESSIONS = {
  fast: { level: 1, window: 0, depth: 0 },
  default: { level: 8, window: 16, depth: 2 },
  best: { level: 9, window: 100, depth: 10 },
} as const satisfies Readonly<Record<string, Effort>>;

/**
 * The settings of a `Compression`.
 * @param withoutDeltas whether every object is to be stored undeltified, so that its zlib stream can be sent
 * as it is.
 */
export function effortOf(compression: Compression, withoutDeltas = false): Effort {
  const effort = COMPRESSIONS[compression];
  return withoutDeltas ? { ...effort, window: 0, depth: 0 } : effort;
}

/**
 * Bytes: larger objects are neither deltas of smaller ones nor bases for them. A base may be many times as
 * large as the object that is built on it, and a reader of that inflates both. Measured on the files above,
 * PACK and reading 10,000 of them at random, beside a bound of 2 MiB: 512 KiB 5 % larger and 15 % quicker,
 * 256 KiB 9 % and 22 %, 128 KiB 27 % and 28 %. On the sources of Linux (1.3 GB) 256 KiB makes the PACK 1 %
 * larger.
 */
export const LARGE_FILE = 256 * 1024;

/**
 * Bytes: larger objects are neither deltas nor bases, and are never in memory as a whole. Those up to it, from
 * `LARGE_FILE` on, are deltas of one another where that saves much: their bases are about as large as
 * themselves.
 */
export const BIG_FILE_THRESHOLD = 4 * 1024 * 1024;
