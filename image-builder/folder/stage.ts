import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { DocteurError } from "../../reader/errors.ts";
import { hex } from "../../reader/git/object-id.ts";
import type { Effort } from "../packing/compression.ts";
import type { PackObject } from "../packing/pack-object.ts";
import type { PackFiles } from "../packing/pack-objects.ts";
import { git } from "../source/git.ts";
import type { Author } from "./author.ts";
import { encodeFolderCommit } from "./commit.ts";
import type { CommitDate } from "./date.ts";
import { type FolderContent, type ReadFolderOptions, readFolder } from "./read-folder.ts";
import { Staging } from "./staging.ts";
import { StagingPack } from "./staging-pack.ts";

/** A folder as one commit: some of its objects in a bare repository, the others packed. */
export interface StagedFolder extends FolderContent {
  /** The commit's id, 40 hexadecimal digits. */
  readonly commit: string;
  /** The objects in the repository, which are to be repacked, in the order of the tree. */
  readonly objects: readonly PackObject[];
  /** PACKs that need no repacking. */
  readonly finished: readonly PackFiles[];
}

/**
 * Turns a folder into a commit without parents. Its objects are written here rather than by `git add`, which
 * knows neither empty folders nor contents without filters, and makes a file of each. Objects that may become
 * deltas go into the new bare repository `gitDir`, the others are compressed with the final level in
 * `finished`.
 * @param finished an existing folder.
 * @throws {DocteurError} as `readFolder` does, and `DISK_FULL`.
 */
export async function stageFolder(
  folder: string,
  gitDir: string,
  finished: string,
  { author, date, effort }: { author: Author; date: CommitDate; effort: Effort },
  options: ReadFolderOptions,
): Promise<StagedFolder> {
  const init = [
    "init",
    "--bare",
    "--quiet",
    "--template=",
    "--initial-branch=main",
    "--object-format=sha1",
    gitDir,
  ];
  await git(init, { signal: options.signal });
  const packs = join(gitDir, "objects", "pack");
  await mkdir(packs, { recursive: true });
  const { level, window } = effort;
  const isRepacked = window > 0;
  try {
    using folders = new StagingPack(
      join(isRepacked ? packs : finished, "pack-folders"),
      isRepacked ? "temporary" : level,
    );
    using files = new StagingPack(
      join(isRepacked ? packs : finished, "pack-files"),
      isRepacked ? "temporary" : level,
    );
    using bigFiles = new StagingPack(join(finished, "pack-big-files"), level);
    const content = await readFolder(
      folder,
      new Staging(folders, files, isRepacked ? bigFiles : files),
      options,
    );
    const commit = await folders.add("commit", encodeFolderCommit(content.root, author, date), "");
    const made = new Map<StagingPack, PackFiles>();
    for (const pack of [folders, files, bigFiles]) made.set(pack, await pack.finish());
    const done = isRepacked ? [bigFiles] : [folders, files];
    return {
      ...content,
      commit: hex(commit),
      // A folder's tree was made after those of the folders in it.
      objects: isRepacked ? [...folders.objects.toReversed(), ...files.objects] : [],
      finished: done.filter(({ objects }) => objects.length > 0).map((pack) => made.get(pack) as PackFiles),
    };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOSPC" && code !== "EDQUOT" && code !== "EFBIG") throw error;
    throw new DocteurError(
      "DISK_FULL",
      `no space left for the objects of ${folder} in ${gitDir}: set TMPDIR to a folder with more space`,
      {
        cause: error,
      },
    );
  }
}
