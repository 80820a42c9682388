import type { Compression } from "./compression.ts";
import { effortOf } from "./compression.ts";
import { ObjectFolders } from "./object-folders.ts";
import type { PackObject } from "./pack-object.ts";
import type { PackFiles } from "./pack-objects.ts";
import { PartPacker } from "./part-packer.ts";
import { PartSize } from "./parts.ts";
import { similarOrder } from "./similar-order.ts";

export interface RepackOptions {
  readonly compression: Compression;
  /** Store every object undeltified. Default false. */
  readonly withoutDeltas?: boolean | undefined;
  /** Called with the objects searched for deltas so far, and their number. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Packs objects of the repository `gitDir`, which is only read, into new PACKs and IDXs in `folder`, in parts:
 * commit and trees, then files. Similar objects are in the same part.
 *
 * @param objects each once.
 * @throws {DocteurError} as `PartPacker` does.
 */
export async function repack(
  gitDir: string,
  objects: readonly PackObject[],
  folder: string,
  { compression, withoutDeltas, onProgress, signal }: RepackOptions,
): Promise<readonly PackFiles[]> {
  await using packer = new PartPacker({
    gitDir,
    folder,
    effort: effortOf(compression, withoutDeltas),
    onProgress: onProgress && ((done) => onProgress(done, objects.length)),
    signal,
  });
  for (const part of split(objects)) {
    await packer.add({ count: part.length, idAt: (position) => (part[position] as PackObject).id });
  }
  return await packer.finish();
}

/** Splits objects into parts, in the order in which git searches them for deltas. */
export function* split(objects: readonly PackObject[]): Generator<readonly PackObject[]> {
  const folders = new ObjectFolders(objects);
  for (const what of ["trees", "files"] as const) {
    const size = new PartSize();
    let part: PackObject[] = what === "trees" ? [...folders.top] : [];
    for (const { item } of similarOrder(folders, what)) {
      const object = objects[item] as PackObject;
      part.push(object);
      if (!size.add(object.size)) continue;
      yield part;
      part = [];
    }
    if (part.length > 0) yield part;
  }
}
