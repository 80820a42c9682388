import { mkdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { ObjectFormat } from "../../reader/git/object-format.ts";
import { FIRST_ENTRY } from "../../reader/pack/format.ts";
import { commitObjects } from "./commit-objects.ts";
import type { PackFiles } from "./pack-objects.ts";
import { type RepackOptions, repack } from "./repack.ts";
import { type ReusePackOptions, reusePack } from "./reuse-pack.ts";

/** A packed commit. */
export interface PackedCommit {
  /** The PACKs with its objects, each object in one of them. */
  readonly sources: readonly PackFiles[];
  /** One line each, for the user. */
  readonly notes: readonly string[];
}

export interface RepackIfSmallerOptions extends RepackOptions {
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
  const [reusedBytes, repackedBytes] = [
    await bytesOf([reused], options.format),
    await bytesOf(repacked, options.format),
  ];
  if (repackedBytes <= reusedBytes) {
    await rm(own, { recursive: true });
    return { sources: repacked, notes: [] };
  }
  await Promise.all(repacked.flatMap(({ pack, idx }) => [rm(pack), rm(idx)]));
  const larger = ((repackedBytes / reusedBytes - 1) * 100).toFixed(1);
  const what = `repacked it would be ${larger}% larger, so the repository's own deltas and streams are reused`;
  return { sources: [reused], notes: [`${what} (--compression default repacks all the same)`] };
}

/** Bytes of the PACK that is arranged of several: each has a header and a trailer. */
async function bytesOf(packs: readonly PackFiles[], { idLength }: ObjectFormat): Promise<number> {
  const frame = FIRST_ENTRY + idLength;
  const sizes = await Promise.all(packs.map(async ({ pack }) => (await stat(pack)).size - frame));
  return sizes.reduce((sum, size) => sum + size, frame);
}
