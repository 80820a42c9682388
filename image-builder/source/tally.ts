/** What a tree contains, counted by paths: an object with two paths counts twice. */
export interface Tally {
  /** Files and symbolic links. */
  files: number;
  /** Bytes in all of them together. */
  bytes: number;
  /** Files that are pointers of Git LFS. */
  lfsPointers: number;
  submodules: number;
}

/** What a tree contains itself, and the trees that it names, by their indexes in a list. */
export interface TreeTally extends Tally {
  readonly below: number[];
}

/** A tally of nothing. */
export function newTally(): TreeTally {
  return { files: 0, bytes: 0, lfsPointers: 0, submodules: 0, below: [] };
}

/**
 * Adds to each tree what is below it, and returns the tally of the first. Walks each tree once, however many
 * paths lead to it: a few trees may name more paths than can be counted one by one.
 *
 * @param trees the tally of each; none is below itself.
 */
export function sumUp(trees: readonly TreeTally[]): Tally {
  const begun = new Uint8Array(trees.length);
  const done = new Uint8Array(trees.length);
  // Not by recursion: trees may be of any depth.
  const stack = trees.length === 0 ? [] : [0];
  for (let index = stack.at(-1); index !== undefined; index = stack.at(-1)) {
    const tree = trees[index] as TreeTally;
    if (begun[index] === 0) {
      begun[index] = 1;
      for (const below of tree.below) if (begun[below] === 0) stack.push(below);
      continue;
    }
    stack.pop();
    if (done[index] === 1) continue;
    done[index] = 1;
    for (const below of tree.below) {
      const { files, bytes, lfsPointers, submodules } = trees[below] as TreeTally;
      tree.files += files;
      tree.bytes += bytes;
      tree.lfsPointers += lfsPointers;
      tree.submodules += submodules;
    }
  }
  return trees[0] ?? newTally();
}
