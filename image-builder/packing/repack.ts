import type { ObjectFormat } from "../../reader/git/object-format.ts";
import type { Compression } from "./compression.ts";
import { effortOf } from "./compression.ts";
import { ObjectFolders } from "./object-folders.ts";
import type { PackObject } from "./pack-object.ts";
import type { PackFiles } from "./pack-objects.ts";
import { PART_CLASSES, type PartClass, partClassOf } from "./part-class.ts";
import { PartPacker } from "./part-packer.ts";
import { PartSize } from "./parts.ts";
import { similarOrder } from "./similar-order.ts";

export interface RepackOptions {
  /** How the repository names its objects. */
  readonly format: ObjectFormat;
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
  { format, compression, withoutDeltas, onProgress, signal }: RepackOptions,
): Promise<readonly PackFiles[]> {
  await using packer = new PartPacker({
    gitDir,
    format,
    folder,
    effort: effortOf(compression, withoutDeltas),
    onProgress: onProgress && ((done) => onProgress(done, objects.length)),
    signal,
  });
  for (const { partClass, members } of split(objects)) {
    const idAt = (position: number) => (members[position] as PackObject).id;
    const nameAt = (position: number) => fileName(members[position] as PackObject);
    await packer.add({ partClass, count: members.length, idAt, nameAt });
  }
  return await packer.finish();
}

/** Objects of one class, in the order in which they are searched for deltas. */
interface ObjectsOfClass {
  readonly partClass: PartClass;
  readonly members: readonly PackObject[];
}

/** Splits objects into parts, folders first. */
export function* split(objects: readonly PackObject[]): Generator<ObjectsOfClass> {
  const folders = new ObjectFolders(objects);
  for (const what of ["trees", "files"] as const) {
    const open = new Map<PartClass, { size: PartSize; members: PackObject[] }>();
    const add = (object: PackObject): ObjectsOfClass | undefined => {
      const partClass = partClassOf(object.kind, object.size);
      const part = open.get(partClass) ?? { size: new PartSize(partClass), members: [] };
      open.set(partClass, part);
      part.members.push(object);
      if (!part.size.add(object.size)) return undefined;
      open.delete(partClass);
      return { partClass, members: part.members };
    };
    // The commit is no folder's.
    if (what === "trees") for (const object of folders.top) add(object);
    for (const { item } of similarOrder(folders, what)) {
      const full = add(objects[item] as PackObject);
      if (full !== undefined) yield full;
    }
    for (const partClass of PART_CLASSES) {
      const members = open.get(partClass)?.members;
      if (members !== undefined) yield { partClass, members };
    }
  }
}

function fileName({ path }: PackObject): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
