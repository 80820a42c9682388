import type { PackObject } from "./pack-object.ts";
import { similarOrder } from "./similar-order.ts";

/** Bytes of content in a part, and objects. The larger, the more deltas are found; the smaller, the more even the work. */
const PART_BYTES = 64 * 1024 * 1024;
const PART_OBJECTS = 100_000;

/** Objects that are packed by one run of git. */
export interface Part {
  /** In the order in which they are to lie in the PACK, where deltas do not ask for another. */
  readonly objects: readonly PackObject[];
  /** The place of each of them in the order in which git is to compare them, by id. */
  readonly places: ReadonlyMap<string, number>;
}

/**
 * Divides objects into parts that can be packed side by side: commit and trees first, as a reader needs them first, then the
 * files. What is alike lies in one part. The parts do not depend on the machine.
 *
 * @param objects each once, in the order of the tree.
 */
export function divide(objects: readonly PackObject[]): Part[] {
  const [folders, files] = [
    objects.filter(({ kind }) => kind !== "blob"),
    objects.filter(({ kind }) => kind === "blob"),
  ] as const;
  const given = new Map(objects.map(({ id }, place) => [id, place]));
  return [...cut(similarOrder(folders)), ...cut(similarOrder(files))].map((similar) => ({
    objects: similar.toSorted((a, b) => (given.get(a.id) as number) - (given.get(b.id) as number)),
    places: new Map(similar.map(({ id }, place) => [id, place])),
  }));
}

function cut(objects: readonly PackObject[]): PackObject[][] {
  const parts: PackObject[][] = [];
  let part: PackObject[] = [];
  let bytes = 0;
  for (const object of objects) {
    part.push(object);
    bytes += object.size;
    if (bytes < PART_BYTES && part.length < PART_OBJECTS) continue;
    parts.push(part);
    part = [];
    bytes = 0;
  }
  if (part.length > 0) parts.push(part);
  return parts;
}
