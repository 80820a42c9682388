import { availableParallelism } from "node:os";
import type { OnGitProgress } from "../git-progress.ts";
import { COMPRESSIONS, type Compression } from "./compression.ts";
import { type PackFiles, packObjects } from "./pack-objects.ts";

/** The deepest chains that are taken over from a repository: git's own limit for what it packs. */
const DEPTH = 50;

/** Threads for git's search of deltas; more take memory, each having a window of its own. */
const MAX_THREADS = 4;

export interface TakeOverOptions {
  /** For what the repository has not compressed yet. */
  readonly compression: Compression;
  readonly onProgress?: OnGitProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Packs a commit, its trees and its blobs, and nothing else, out of the repository `gitDir` into a new PACK and IDX in
 * `folder`; deltas and compressed bytes are taken over as the repository has them. The repository is only read.
 *
 * `--shallow` makes git take the commit as one without parents, as `git upload-pack` does for `--depth 1`; submodules'
 * commits are not in the repository and so not in the PACK.
 *
 * @throws {DocteurError} as `packObjects` does.
 */
export async function takeOver(
  gitDir: string,
  commit: string,
  folder: string,
  { compression, onProgress, signal }: TakeOverOptions,
): Promise<PackFiles> {
  const { level, window } = COMPRESSIONS[compression];
  const effort = [`--compression=${level}`, `--window=${window}`, `--depth=${DEPTH}`];
  return await packObjects(["--revs", "--no-use-bitmap-index", ...effort], {
    gitDir,
    folder,
    name: "image",
    input: `--shallow ${commit}\n${commit}\n`,
    threads: Math.min(availableParallelism(), MAX_THREADS),
    onProgress,
    signal,
  });
}
