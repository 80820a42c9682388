import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { DocteurError } from "../../reader/errors.ts";
import { git } from "../source/git.ts";
import type { OnGitProgress } from "../source/git-progress.ts";
import type { GitSettings } from "../source/git-settings.ts";
import { LARGE_FILE } from "./compression.ts";
import { objectsOf, sourceObjects } from "./source-objects.ts";

/** A PACK and its IDX as files. */
export interface PackFiles {
  readonly pack: string;
  readonly idx: string;
}

export interface PackObjectsOptions {
  /** The repository with the objects, which is only read. */
  readonly gitDir: string;
  /** A folder with the objects, as `objects` in a Git directory. Default: that of the repository. */
  readonly objects?: string | undefined;
  /** Where PACK and IDX go, and what git writes on the way to them. */
  readonly folder: string;
  /** How their names begin. */
  readonly name: string;
  /** What git reads on its standard input. */
  readonly input: string | Uint8Array;
  readonly threads: number;
  /** Bytes; larger objects are neither deltas nor bases. Default: `LARGE_FILE`. */
  readonly bigFileThreshold?: number;
  readonly onProgress?: OnGitProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Settings that decide what the PACK is like; they win over the user's. */
const SETTINGS: GitSettings = [
  ["pack.indexVersion", "2"],
  // One PACK, whatever its size.
  ["pack.packSizeLimit", "0"],
  ["pack.writeReverseIndex", "false"],
  ["pack.allowPackReuse", "false"],
  ["pack.usePathWalk", "false"],
  // Bounds on memory.
  ["pack.windowMemory", "64m"],
  ["pack.deltaCacheSize", "64m"],
  ["core.packedGitWindowSize", "4m"],
  ["core.packedGitLimit", "64m"],
];

/**
 * Runs `git pack-objects`. Objects are never thin, deltas name their base by offset.
 * @throws {DocteurError} `INCOMPLETE_REPOSITORY`: an object is missing (a partial clone); `DISK_FULL`.
 */
export async function packObjects(args: readonly string[], options: PackObjectsOptions): Promise<PackFiles> {
  const { gitDir, objects, folder, name, input, threads, onProgress, signal } = options;
  const all = ["pack-objects", "--delta-base-offset", "--progress", ...args, join(folder, name)];
  const config: GitSettings = [
    ...SETTINGS,
    ["core.bigFileThreshold", `${options.bigFileThreshold ?? LARGE_FILE}`],
    ["pack.threads", `${threads}`],
  ];
  try {
    const own = join(folder, "objects");
    // Of a folder that git cannot make it says only that a file in it is not there.
    await mkdir(join(own, "pack"), { recursive: true });
    const env = await sourceObjects(objects ?? (await objectsOf(gitDir, signal)), own);
    const hash = (await git(all, { gitDir, env, config, input, onProgress, signal })).trim();
    return { pack: join(folder, `${name}-${hash}.pack`), idx: join(folder, `${name}-${hash}.idx`) };
  } catch (error) {
    throw incomplete(error);
  }
}

/** The error as it is, or, if git did not find an object, one that says so. */
export function incomplete(error: unknown): unknown {
  if (
    !(error instanceof DocteurError) ||
    !/unable to (read|find|get)|bad (tree )?object|missing|could not (read|get)|not a tree object|lazy fetch|could not fetch|promisor/i.test(
      error.message,
    )
  ) {
    return error;
  }
  const said = error.message.replace(/^git [a-z-]+ failed: /, "");
  return new DocteurError(
    "INCOMPLETE_REPOSITORY",
    `the repository lacks an object of the commit: ${said}; instead of a partial clone, name the repository that it was cloned from`,
    { cause: error },
  );
}
