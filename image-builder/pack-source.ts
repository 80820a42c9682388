import type { MakeOptions } from "./make-options.ts";
import type { Source } from "./open-source.ts";
import { commitObjects } from "./packing/commit-objects.ts";
import { repack } from "./packing/repack.ts";
import { type PackedCommit, repackIfSmaller } from "./packing/repack-if-smaller.ts";
import { reusePack } from "./packing/reuse-pack.ts";
import { gitProgressTo } from "./progress.ts";

/**
 * Packs the commit of a source, unless it is a folder, which is packed while it is read, into new PACKs and IDXs in `folder`, in the way that the options ask for.
 * @param reuseDeltas whether a repository's deltas may be reused.
 * @throws {DocteurError} as `packObjects` does.
 */
export async function packSource(
  source: Source,
  folder: string,
  options: MakeOptions,
  reuseDeltas: boolean,
): Promise<PackedCommit> {
  if (source.kind === "folder") return { sources: source.packed, notes: [] };
  const { gitDir, commit, format } = source;
  const { withoutDeltas, onProgress, signal } = options;
  const effort = { format, compression: options.compression ?? "default", withoutDeltas, signal } as const;
  const onReuse = gitProgressTo(onProgress, ["count", "compress", "pack"]);
  const onRepack =
    onProgress &&
    ((done: number, total: number) => onProgress({ phase: "compress", unit: "objects", done, total }));
  if (!options.repack || !reuseDeltas) {
    const reusing = { ...effort, reuseDeltas, onProgress: onReuse };
    return { sources: [await reusePack(gitDir, commit, folder, reusing)], notes: [] };
  }
  const repacking = { ...effort, onProgress: onRepack };
  // Who names another effort wants what it makes, whatever its size.
  if (options.compression === undefined || options.compression === "best") {
    return await repackIfSmaller(gitDir, commit, folder, { ...repacking, onReuse });
  }
  const objects = await commitObjects(gitDir, commit, signal);
  return { sources: await repack(gitDir, objects, folder, repacking), notes: [] };
}
