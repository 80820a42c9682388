import { EventLoopYield } from "../event-loop.ts";
import { similarOrder } from "../packing/similar-order.ts";
import type { Listing } from "./listing.ts";
import type { Staging } from "./staging.ts";
import { encodeTree } from "./tree.ts";

/**
 * Stores the trees of a listing whose files are stored, an empty folder as an empty tree, and sets their sizes
 * in the listing.
 * @param blobs the number of the blob of each entry.
 * @returns the number of the tree of each folder.
 * @throws what `Staging.add` throws; the signal's reason when aborted.
 */
export async function storeTrees(
  listing: Listing,
  blobs: Uint32Array,
  staging: Staging,
  signal?: AbortSignal,
): Promise<Uint32Array> {
  const eventLoop = new EventLoopYield(signal);
  const trees = new Uint32Array(listing.folders);
  // A folder comes before those in it.
  for (let number = trees.length - 1; number >= 0; number--) {
    if (eventLoop.isDue) await eventLoop.yield();
    const { names, types, items } = listing.folder(number);
    const tree = encodeTree(names, types, staging.ids.format.idLength, (index, into, offset) => {
      const item = items[index] as number;
      staging.ids.copy((types[index] === "tree" ? trees[item] : blobs[item >>> 1]) as number, into, offset);
    });
    trees[number] = await staging.add("tree", tree);
    listing.setTreeSize(number, tree.length);
  }
  return trees;
}

/**
 * The trees of a listing, each once, the root first, in the order in which git searches them for deltas.
 * @param trees as `storeTrees` returns them. @param objects the number of all objects.
 */
export function* treesInOrder(
  listing: Listing,
  trees: Uint32Array,
  objects: number,
): Generator<{ number: number; size: number }> {
  const root = trees[0] as number;
  const seen = new Uint8Array(objects);
  seen[root] = 1;
  yield { number: root, size: listing.treeSize(0) };
  for (const { item, size } of similarOrder(listing, "trees")) {
    const number = trees[item] as number;
    if (seen[number] !== 0) continue;
    seen[number] = 1;
    yield { number, size };
  }
}
