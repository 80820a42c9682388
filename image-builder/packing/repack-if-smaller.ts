import { mkdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { commitObjects } from "./commit-objects.ts";
import type { PackFiles } from "./pack-objects.ts";
import { type RepackOptions, repack } from "./repack.ts";
import { type ReusePackOptions, reusePack } from "./reuse-pack.ts";

/** A packed commit. */
export interface PackedCommit {
  readonly files: PackFiles;
  /** One line each, for the user. */
  readonly notes: readonly string[];
}

export interface RepackIfSmallerOptions extends Omit<RepackOptions, "followedBy"> {
  /** The progress of the PACK that reuses what the repository has. */
  readonly onReuse?: ReusePackOptions["onProgress"];
}

/**
 * Packs a commit both ways, by `repack` and by `reusePack`, and keeps the smaller PACK: the repository may
 * have been packed with more time and in longer chains than `repack` spends.
 * @throws {DocteurError} as `reusePack` and `repack` do.
 */
export async function repackIfSmaller(
  gitDir: string,
  commit: string,
  folder: string,
  { onReuse, ...options }: RepackIfSmallerOptions,
): Promise<PackedCommit> {
  const own = join(folder, "reused");
  await mkdir(own);
  const reused = await reusePack(gitDir, commit, own, { ...options, onProgress: onReuse });
  const repacked = await repack(gitDir, await commitObjects(gitDir, commit, options.signal), folder, options);
  const [reusedBytes, repackedBytes] = [(await stat(reused.pack)).size, (await stat(repacked.pack)).size];
  if (repackedBytes <= reusedBytes) {
    await rm(own, { recursive: true });
    return { files: repacked, notes: [] };
  }
  await Promise.all([repacked.pack, repacked.idx].map((file) => rm(file)));
  const larger = ((repackedBytes / reusedBytes - 1) * 100).toFixed(1);
  const what = `repacked it would be ${larger}% larger, so the repository's own deltas and streams are reused`;
  return { files: reused, notes: [`${what} (--compression default repacks all the same)`] };
}
