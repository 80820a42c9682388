import { availableParallelism } from "node:os";
import { join } from "node:path";
import { DocteurError } from "../guest/errors.ts";
import { git } from "./git.ts";
import type { OnGitProgress } from "./git-progress.ts";

/** A PACK and its IDX as files. */
export interface PackFiles {
  readonly pack: string;
  readonly idx: string;
}

/** How much time goes into a small PACK. */
export type Compression = keyof typeof COMPRESSIONS;

interface Effort {
  /** zlib's, -1 being its default, 6. */
  readonly level: number;
  /** Objects of similar name and size among which git looks for the base of a delta; 0 for no deltas. */
  readonly window: number;
  /** Deltas at most between an object and one that is stored whole: each costs a reader time. */
  readonly depth: number;
}

/**
 * Measured on 32,800 HTML files (493 MB): against git's own window of 10 and depth of 50, a window of 20 saves 6 % of the
 * PACK for 13 % more time; a depth of 5 rather than 50 costs 1 % of it, and reading files at random takes 30 % less time.
 */
export const COMPRESSIONS = {
  fast: { level: 1, window: 0, depth: 0 },
  default: { level: -1, window: 20, depth: 5 },
  best: { level: 9, window: 100, depth: 10 },
} as const satisfies Readonly<Record<string, Effort>>;

/** The deepest chains that are taken over from a repository: git's own limit for what it packs. */
const REUSED_DEPTH = 50;

export interface PackOptions {
  /** Whether the same objects must always give the same bytes: with several threads, what deltas git finds is chance. */
  readonly reproducible: boolean;
  readonly compression: Compression;
  /**
   * Whether the repository's packs already hold the deltas that are worth having. Git does not look again for one
   * between two objects of one pack, so it must be told when nobody has looked yet.
   */
  readonly reuseDeltas: boolean;
  /** Whether every object is to be stored whole, so that its zlib stream alone can be passed on. */
  readonly withoutDeltas?: boolean | undefined;
  /** Whether compressed bytes are to be taken over, too. */
  readonly reuseCompressed: boolean;
  readonly onProgress?: OnGitProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Threads for git's search of deltas; more take memory, each having a window of its own. */
const MAX_THREADS = 4;

/** The user's taste in packs is not ours. */
const SETTINGS: readonly (readonly [key: string, value: string])[] = [
  ["pack.indexVersion", "2"],
  // One PACK, whatever its size.
  ["pack.packSizeLimit", "0"],
  ["pack.writeReverseIndex", "false"],
  ["pack.allowPackReuse", "false"],
  // Bounds on memory: blobs beyond the first are streamed and not searched for deltas.
  ["core.bigFileThreshold", "64m"],
  ["pack.windowMemory", "64m"],
];

/**
 * Packs a commit, its trees and its blobs, and nothing else, out of the repository `gitDir` into a new PACK and IDX in
 * `folder`. The repository is only read.
 *
 * `--shallow` makes git take the commit as one without parents, as `git upload-pack` does for `--depth 1`; submodules'
 * commits are not in the repository and so not in the PACK. Objects are never thin, deltas name their base by offset.
 *
 * @throws {DocteurError} `INCOMPLETE_REPOSITORY`: an object that the commit reaches is missing (a partial clone).
 */
export async function packCommit(
  gitDir: string,
  commit: string,
  folder: string,
  options: PackOptions,
): Promise<PackFiles> {
  const { level, ...search } = COMPRESSIONS[options.compression];
  const { window, depth } = options.withoutDeltas ? { window: 0, depth: 0 } : search;
  const reuseDeltas = options.reuseDeltas && !options.withoutDeltas;
  const threads = options.reproducible ? 1 : Math.min(availableParallelism(), MAX_THREADS);
  const args = [
    ...["pack-objects", "--revs", "--delta-base-offset", "--progress", "--no-use-bitmap-index"],
    ...(reuseDeltas ? [] : ["--no-reuse-delta"]),
    ...(options.reuseCompressed ? [] : ["--no-reuse-object"]),
    `--compression=${level}`,
    `--window=${window}`,
    `--depth=${reuseDeltas ? REUSED_DEPTH : depth}`,
    join(folder, "image"),
  ];
  try {
    const name = (
      await git(args, {
        gitDir,
        config: [...SETTINGS, ["pack.threads", `${threads}`]],
        input: `--shallow ${commit}\n${commit}\n`,
        onProgress: options.onProgress,
        signal: options.signal,
      })
    ).trim();
    return { pack: join(folder, `image-${name}.pack`), idx: join(folder, `image-${name}.idx`) };
  } catch (error) {
    throw explained(error, folder);
  }
}

function explained(error: unknown, folder: string): unknown {
  if (!(error instanceof DocteurError)) return error;
  if (
    /No space left on device|Out of diskspace|Disk quota exceeded|File too large|SIGXFSZ/i.test(error.message)
  ) {
    return new DocteurError(
      "DISK_FULL",
      `no space left for the PACK in ${folder}: set TMPDIR to a larger place`,
      {
        cause: error,
      },
    );
  }
  if (/unable to (read|find|get)|bad object|missing|could not (read|get)|lazy fetch/i.test(error.message)) {
    const said = error.message.replace(/^git pack-objects failed: /, "");
    return new DocteurError(
      "INCOMPLETE_REPOSITORY",
      `the repository lacks an object of the commit: ${said}`,
      {
        cause: error,
      },
    );
  }
  return error;
}
