import type { BlockDevice } from "../block/device.ts";
import { parseCommit } from "../git/commit.ts";
import { raw } from "../git/object-id.ts";
import { type ConnectOptions, openObjects } from "../image/open-objects.ts";
import { FastLayout } from "../paths/fast.ts";
import { TreeWalk } from "../paths/tree-walk.ts";
import { Trees } from "../paths/trees.ts";
import { Store } from "./store.ts";

export type { ConnectOptions } from "../image/open-objects.ts";

const MIB = 1024 * 1024;

/**
 * Bytes of trees: a folder of 200,000 files takes 12 MiB. A machine, which has a disk, has less memory than
 * its host.
 */
const TREE_CACHE_SIZE = 32 * MIB;
const TREE_CACHE_SIZE_OF_DISK = 16 * MIB;

/**
 * Connects to the image on a device. From then on the store owns the device: `Store.close` closes it.
 *
 * @throws {InvalidImageError} if the header, the IDX, the commit or, with the `fast` layout, any tree is
 * damaged; fault `pinned-commit` if `commit` names another commit than the image's.
 */
export function connect(device: BlockDevice, options: ConnectOptions = {}): Store {
  const { id, objects } = openObjects(device, options);
  const commit = parseCommit(objects.read(raw(id), "commit"), id);
  const treeCacheSize = device.optimalIoSize === undefined ? TREE_CACHE_SIZE : TREE_CACHE_SIZE_OF_DISK;
  const trees = new Trees(objects, options.treeCacheSize ?? treeCacheSize);
  const root = raw(commit.tree);
  trees.read(root);
  const Paths = options.layout === "fast" ? FastLayout : TreeWalk;
  const largestLayout = Math.min(512 * MIB, 64 * MIB + 4 * device.size);
  const layout = new Paths(trees, root, options.maxLayoutSize ?? largestLayout);
  return new Store(id, commit, { device, options, objects, trees, layout });
}
