const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

/**
 * The longest chain of deltas: the limit of `git pack-objects` (`MAX_DEPTH` in its pack-objects.h), whose
 * default is 50.
 */
export const MAX_CHAIN = 4095;

/** Entries of the longest list in memory: some 350 MB. */
export const LARGEST_LIST = 500_000;

/** Bytes of the trees between the start and the present entry that a listing or a count keeps. */
export const MOST_HELD = 128 * MIB;

/**
 * The limits of what it costs to read an image: a few KiB of deltas, trees and links can demand any work and
 * any memory. docs/STORE.md has them as a table. Work is in the units of `COST`, ten to a nanosecond.
 */
export interface Bounds {
  /** Work for one object: its chain of deltas from the undeltified object on, cached or not. */
  readonly objectWork: number;
  /** Work for everything that one command reads, beyond what `grantFor` adds for each object. */
  readonly commandWork: number;
  /** Bytes of an object that is a delta or the base of one. */
  readonly deltaObjectSize: number;
  /** Work after which the look-up of a path reads no other folder or link. */
  readonly lookupWork: number;
  /** Work for counting paths. */
  readonly countingWork: number;
  /**
   * Entries below a folder that are listed, and bytes of their paths; more of both for each object of the
   * image.
   */
  readonly listedEntries: number;
  readonly listedBytes: number;
}

/** What each object of an image adds to the limits of a listing. */
export const LISTED_PER_OBJECT = { entries: 32, bytes: 2048 } as const;

/**
 * The bounds of an image. What git makes, and any image of files, stays far below them:
 *
 * - A chain of 50 deltas of 200 MB each takes 10 GiB of work. All of `commandWork` takes some three seconds,
 *   for a PACK of 50 MB five. A base, a delta of half its size and what it makes are in memory together: two
 *   and a half times `deltaObjectSize`.
 * - The look-up of a path through three folders of a million entries each takes `lookupWork`.
 * - Few objects can name any number of paths. An image of files has about as many objects as paths, or some
 *   copies of files.
 *
 * @param packBytes bytes of the PACK.
 * @param factor multiplies all bounds that limit time. Default 1.
 */
export function boundsOf(packBytes: number, factor = 1): Bounds {
  return {
    objectWork: factor * (16 * GIB + 128 * packBytes),
    commandWork: factor * (24 * GIB + 256 * packBytes),
    deltaObjectSize: Math.max(192 * MIB, 4 * packBytes),
    lookupWork: factor * 4 * GIB,
    countingWork: factor * 8 * GIB,
    listedEntries: factor * 16_000_000,
    listedBytes: factor * 256 * MIB,
  };
}
