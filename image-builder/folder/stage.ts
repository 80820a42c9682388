import { join } from "node:path";
import type { ObjectFormat } from "../../reader/git/object-format.ts";
import { raw } from "../../reader/git/object-id.ts";
import type { Effort } from "../packing/compression.ts";
import type { PackFiles } from "../packing/pack-objects.ts";
import { PartPacker } from "../packing/part-packer.ts";
import type { OnProgress } from "../progress.ts";
import { initBare } from "../source/init-bare.ts";
import type { Author } from "./author.ts";
import { encodeFolderCommit } from "./commit.ts";
import type { CommitDate } from "./date.ts";
import type { FolderEntriesOptions } from "./folder-entries.ts";
import { type LeftOut, listFolder } from "./list-folder.ts";
import { Listing } from "./listing.ts";
import { Staging } from "./staging.ts";
import { storeFiles } from "./store-files.ts";
import { storeTrees, treesInOrder } from "./store-trees.ts";

/** A folder as one commit, packed. */
export interface StagedFolder extends LeftOut {
  /** The commit's id, hexadecimal. */
  readonly commit: string;
  /** PACKs that together have its objects, each object in one of them. */
  readonly sources: readonly PackFiles[];
}

export interface StageFolderOptions extends FolderEntriesOptions {
  /** How its objects are named. */
  readonly format: ObjectFormat;
  readonly author: Author;
  readonly date: CommitDate;
  readonly effort: Effort;
  readonly onProgress?: OnProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Turns a folder into a commit without parents, and packs it. Its objects are written here rather than by
 * `git add`, which knows neither empty folders nor contents without filters, and makes a file of each. What
 * is in the folder is listed first, so that it can be read in the order in which it is packed; the list is in
 * a file, and so memory is some tens of bytes a file.
 * @param into an existing folder for what is needed on the way, and for the PACKs.
 * @throws {DocteurError} as `listFolder`, `storeFiles` and `PartPacker.add` do; what `fs` throws.
 */
export async function stageFolder(
  folder: string,
  into: string,
  { format, author, date, effort, onProgress, signal, ...entries }: StageFolderOptions,
): Promise<StagedFolder> {
  using listing = new Listing(join(into, "listing"));
  const leftOut = await listFolder(folder, listing, entries, signal);
  /** Objects that git packs, once all is read. */
  let total: number | undefined;
  const report = (done: number) => {
    if (total !== undefined) onProgress?.({ phase: "compress", unit: "objects", done, total });
  };
  await using packer =
    effort.window === 0
      ? undefined
      : new PartPacker({
          gitDir: await emptyRepository(into, format, signal),
          format,
          folder: into,
          effort,
          onProgress: report,
          signal,
        });
  using staging = new Staging(into, format, effort, packer);
  const reading = { onProgress, signal: packer?.signal ?? signal };
  const blobs = await storeFiles(folder, listing, staging, reading);
  const trees = await storeTrees(listing, blobs, staging, reading.signal);
  const root = raw(staging.ids.hex(trees[0] as number));
  const bytes = encodeFolderCommit(root, author, date);
  const commit = await staging.add("commit", bytes);
  total = staging.staged;
  const ordered = function* () {
    yield { number: commit, size: bytes.length };
    yield* treesInOrder(listing, trees, staging.ids.count);
  };
  const sources = await staging.finish(ordered());
  return { ...leftOut, commit: staging.ids.hex(commit), sources };
}

/** A bare repository, for git to run in. */
async function emptyRepository(into: string, format: ObjectFormat, signal?: AbortSignal): Promise<string> {
  const gitDir = join(into, "repository.git");
  await initBare(gitDir, format.name, signal);
  return gitDir;
}
