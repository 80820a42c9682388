import { mkdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { commitObjects } from "./commit-objects.ts";
import { packAnew } from "./pack-anew.ts";
import type { PackFiles } from "./pack-objects.ts";
import { type TakeOverOptions, takeOver } from "./take-over.ts";

/** What became of packing a commit anew. */
export interface Repacked {
  readonly files: PackFiles;
  /** What the user should know of it. */
  readonly notes: readonly string[];
}

export interface RepackOptions extends Omit<TakeOverOptions, "onProgress"> {
  /** Whether what is packed anew is wanted even if it is larger. */
  readonly always: boolean;
  /** How far what is taken over for the comparison is. */
  readonly onTakeOver?: TakeOverOptions["onProgress"];
  /** Told how many objects have been searched for deltas, of how many. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/**
 * Packs a commit anew, and takes what the repository has compressed instead where that is smaller: it may have been packed with
 * more time and in longer chains than is worth spending here.
 * @throws {DocteurError} as `takeOver` and `packAnew` do.
 */
export async function repack(
  gitDir: string,
  commit: string,
  folder: string,
  { always, onTakeOver, ...options }: RepackOptions,
): Promise<Repacked> {
  const anewFiles = async () =>
    packAnew(gitDir, await commitObjects(gitDir, commit, options.signal), folder, options);
  if (always) return { files: await anewFiles(), notes: [] };
  const own = join(folder, "taken-over");
  await mkdir(own);
  const taken = await takeOver(gitDir, commit, own, { ...options, onProgress: onTakeOver });
  const anew = await anewFiles();
  const [takenBytes, anewBytes] = await Promise.all(
    [taken, anew].map(async ({ pack }) => (await stat(pack)).size),
  );
  if (anewBytes! <= takenBytes!) {
    await rm(own, { recursive: true });
    return { files: anew, notes: [] };
  }
  await Promise.all([anew.pack, anew.idx].map((file) => rm(file)));
  const larger = ((anewBytes! / takenBytes! - 1) * 100).toFixed(1);
  const what = `packed anew it would be ${larger}% larger, so it is taken over as the repository has it`;
  return { files: taken, notes: [`${what} (--compression default packs anew all the same)`] };
}
