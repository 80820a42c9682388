import { availableParallelism } from "node:os";
import type { OnGitProgress } from "../source/git-progress.ts";
import { type Compression, effortOf } from "./compression.ts";
import { type PackFiles, packObjects } from "./pack-objects.ts";

/** The longest delta chains that are reused: git's own limit for what it packs. */
const DEPTH = 50;

/** Threads for git's search of deltas; more take memory, each having a window of its own. */
const MAX_THREADS = 4;

export interface ReusePackOptions {
  /** For what the repository has not compressed yet. */
  readonly compression: Compression;
  /** Store every object undeltified. Default false. */
  readonly withoutDeltas?: boolean | undefined;
  /**
   * Whether to reuse the repository's deltas; git itself makes none of files over `LARGE_FILE`.
   * Default true.
   */
  readonly reuseDeltas?: boolean | undefined;
  readonly onProgress?: OnGitProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Packs a commit, its trees and its blobs, and nothing else, out of the repository `gitDir` into a new PACK
 * and IDX in `folder`; reuses the repository's deltas and compressed bytes. The repository is only read.
 *
 * `--shallow` makes git treat the commit as one without parents, as `git upload-pack` does for `--depth 1`;
 * submodules' commits are not in the repository and so not in the PACK.
 *
 * @throws {DocteurError} as `packObjects` does.
 */
export async function reusePack(
  gitDir: string,
  commit: string,
  folder: string,
  { compression, withoutDeltas, reuseDeltas = true, onProgress, signal }: ReusePackOptions,
): Promise<PackFiles> {
  const { level, window } = effortOf(compression, withoutDeltas);
  const effort = [`--compression=${level}`, `--window=${window}`, `--depth=${withoutDeltas ? 0 : DEPTH}`];
  if (withoutDeltas || !reuseDeltas) effort.push("--no-reuse-delta");
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
