import type { PackObject } from "./pack-object.ts";
import { similarOrder } from "./similar-order.ts";

/**
 * Bytes of content in a part, and objects. Larger parts find more deltas, smaller ones spread the work more
 * evenly.
 */
const PART_BYTES = 64 * 1024 * 1024;
const PART_OBJECTS = 100_000;

/** Objects that are packed by one run of git. */
export interface Part {
  /** In the order in which they are written to the PACK, unless deltas need another. */
  readonly objects: readonly PackObject[];
  /** The position of each object, by its id, in the order in which git searches them for deltas. */
  readonly searchOrder: ReadonlyMap<string, number>;
}

/**
 * Splits objects into parts that can be packed in parallel: commit and trees first, as a reader needs them
 * first, then the files. Similar objects are in the same part. The parts do not depend on the machine.
 *
 * @param objects each once, in the order of the tree.
 */
export function splitIntoParts(objects: readonly PackObject[]): Part[] {
  const [folders, files] = [
    objects.filter(({ kind }) => kind !== "blob"),
    objects.filter(({ kind }) => kind === "blob"),
  ] as const;
  const given = new Map(objects.map(({ id }, position) => [id, position]));
  return [...split(similarOrder(folders)), ...split(similarOrder(files))].map((similar) => ({
    objects: similar.toSorted((a, b) => (given.get(a.id) as number) - (given.get(b.id) as number)),
    searchOrder: new Map(similar.map(({ id }, position) => [id, position])),
  }));
}

function split(objects: readonly PackObject[]): PackObject[][] {
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
