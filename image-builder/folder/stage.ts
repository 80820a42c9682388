import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DocteurError } from "../../guest/errors.ts";
import { hex } from "../../guest/git/object-id.ts";
import { encodeIdx } from "../../guest/pack/idx-encode.ts";
import { git } from "../git.ts";
import type { Author } from "./author.ts";
import { encodeFolderCommit } from "./commit.ts";
import type { CommitDate } from "./date.ts";
import { type FolderContent, type ReadFolderOptions, readFolder } from "./read-folder.ts";
import { StagingPack } from "./staging-pack.ts";

/** A folder turned into one commit in a bare repository. */
export interface StagedFolder extends FolderContent {
  /** The commit's id, 40 hexadecimal digits. */
  readonly commit: string;
}

/**
 * Turns a folder into a commit without parents in the new bare repository `gitDir`. The repository's one PACK is
 * written here rather than by `git add`, which knows neither empty folders nor contents without filters, and makes a
 * file of each object.
 * @param level zlib's.
 * @throws {DocteurError} as `readFolder` does, and `DISK_FULL`.
 */
export async function stageFolder(
  folder: string,
  gitDir: string,
  author: Author,
  date: CommitDate,
  level: number,
  options: ReadFolderOptions,
): Promise<StagedFolder> {
  const init = ["init", "--bare", "--quiet", "--template=", "--object-format=sha1", gitDir];
  await git(init, { signal: options.signal });
  const packs = join(gitDir, "objects", "pack");
  await mkdir(packs, { recursive: true });
  try {
    using pack = new StagingPack(join(packs, "pack-staging.pack"), level);
    const content = await readFolder(folder, pack, options);
    const commit = await pack.add("commit", encodeFolderCommit(content.root, author, date));
    const { trailer, entries } = await pack.finish();
    await writeFile(join(packs, "pack-staging.idx"), encodeIdx(entries, trailer));
    return { ...content, commit: hex(commit) };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOSPC" && code !== "EDQUOT" && code !== "EFBIG") throw error;
    throw new DocteurError(
      "DISK_FULL",
      `no space left to gather ${folder} in ${gitDir}: set TMPDIR to a larger place`,
      {
        cause: error,
      },
    );
  }
}
