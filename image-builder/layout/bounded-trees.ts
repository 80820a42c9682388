import type { Tree } from "../../reader/git/tree.ts";
import type { Objects } from "../../reader/pack/objects.ts";
import { grantFor } from "../../reader/pack/work.ts";
import { readTree } from "../../reader/paths/trees.ts";

/**
 * Reads the trees of a layout, one for each folder. The work of `objects` bounds it, beyond what is granted
 * for each: a few trees that each take long may be at any number of paths.
 * @returns what reads a tree by its raw id. @throws {WorkLimitError} and as `readTree`.
 */
export function boundedTrees(objects: Objects): (id: Uint8Array) => Tree {
  return (id) => {
    const tree = readTree(objects, id);
    objects.work.grant(grantFor(tree.byteLength));
    return tree;
  };
}
