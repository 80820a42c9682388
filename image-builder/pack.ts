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

export interface PackOptions {
  /**
   * Whether the repository's packs already hold the deltas that are worth having. Git does not look again for one
   * between two objects of one pack, so it must be told when nobody has looked yet. Compressed bytes are reused always.
   */
  readonly reuseDeltas: boolean;
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
  ["pack.depth", "50"],
  ["pack.window", "10"],
  ["pack.compression", "-1"],
  ["pack.threads", String(Math.min(availableParallelism(), MAX_THREADS))],
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
  const args = [
    ...["pack-objects", "--revs", "--delta-base-offset", "--progress", "--no-use-bitmap-index"],
    ...(options.reuseDeltas ? [] : ["--no-reuse-delta"]),
    join(folder, "image"),
  ];
  try {
    const name = (
      await git(args, {
        gitDir,
        config: SETTINGS,
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
