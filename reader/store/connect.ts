import type { BlockDevice } from "../block/device.ts";
import { parseCommit } from "../git/commit.ts";
import { raw, sameId } from "../git/object-id.ts";
import { type ConnectOptions, type OpenedObjects, openObjects } from "../image/open-objects.ts";
import type { LayoutSection } from "../layout/layout-section.ts";
import { FallbackLayout } from "../paths/fallback.ts";
import { FastLayout } from "../paths/fast.ts";
import { FrozenLayout } from "../paths/frozen.ts";
import type { Layout } from "../paths/layout.ts";
import { damagedLayout, openLayoutSection, readCommit } from "../paths/open-frozen.ts";
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
  const opened = openObjects(device, options);
  const { id, objects, index } = opened;
  // With `analyze` nothing is to be trusted.
  const asked = options.layout ?? (options.analyze ? (options.fallback ?? "light") : "frozen");
  const section = asked === "frozen" ? openLayoutSection(opened, options) : undefined;
  const commit = parseCommit(readCommit(opened, section), id);
  const treeCacheSize = device.optimalIoSize === undefined ? TREE_CACHE_SIZE : TREE_CACHE_SIZE_OF_DISK;
  const trees = new Trees(objects, options.treeCacheSize ?? treeCacheSize);
  const root = raw(commit.tree);
  const capacity = options.maxLayoutSize ?? Math.min(512 * MIB, 64 * MIB + 4 * device.size);
  const byTrees = (name: "light" | "fast") => {
    trees.read(root);
    return new (name === "fast" ? FastLayout : TreeWalk)(trees, root, capacity);
  };
  const fallback = () => byTrees(options.fallback ?? "light");
  const layout =
    asked !== "frozen"
      ? byTrees(asked)
      : section === undefined
        ? fallback()
        : frozen(opened, section, trees, root, options, fallback);
  return new Store(id, commit, { device, options, objects, index, trees, layout });
}

/** The layout of the image, or another if it is of another commit. @param root raw id of the root tree. */
function frozen(
  { id, index }: OpenedObjects,
  section: LayoutSection,
  trees: Trees,
  root: Uint8Array,
  { commit, onNote }: ConnectOptions,
  fallback: () => Layout,
): Layout {
  const onFallback = (why: string) => onNote?.(damagedLayout(why));
  const { details } = section;
  if (!sameId(details.commit, raw(id)) || !sameId(details.root, root)) {
    onFallback("it is of another commit");
    return fallback();
  }
  const layout = new FrozenLayout(section, trees, {
    isVerified: commit !== undefined,
    expect: (id, offset) => index.expect(id, offset),
    hasMisled: (error) => index.hasMisled(error),
  });
  return new FallbackLayout(layout, fallback, onFallback);
}
