import type { BlockDevice } from "../block/device.ts";
import { parseCommit } from "../git/commit.ts";
import { raw } from "../git/object-id.ts";
import { type ConnectOptions, openObjects } from "../image/open-objects.ts";
import { FastLayout } from "../paths/fast.ts";
import { openFrozen } from "../paths/open-frozen.ts";
import { TreeWalk } from "../paths/tree-walk.ts";
import { Trees } from "../paths/trees.ts";
import { Store } from "./store.ts";

export type { ConnectOptions } from "../image/open-objects.ts";

const MIB = 1024 * 1024;

/**
 * Connects to the image on a device. From then on the store owns the device: `Store.close` closes it.
 *
 * @throws {InvalidImageError} if the header, the IDX, the commit or, with the `fast` layout, any tree is
 * damaged; fault `pinned-commit` if `commit` names another commit than the image's.
 */
export function connect(device: BlockDevice, options: ConnectOptions = {}): Store {
  const opened = openObjects(device, options);
  const { id, objects, index } = opened;
  const commit = parseCommit(objects.read(raw(id), "commit"), id);
  const trees = new Trees(objects, options.treeCacheSize ?? 8 * MIB);
  const root = raw(commit.tree);
  const largestLayout = options.maxLayoutSize ?? Math.min(512 * MIB, 64 * MIB + 4 * device.size);
  const make = (layout: "light" | "fast" = "light") => {
    trees.read(root);
    return new (layout === "fast" ? FastLayout : TreeWalk)(trees, root, largestLayout);
  };
  const layout =
    options.layout === "light" || options.layout === "fast"
      ? make(options.layout)
      : options.analyze && options.layout === undefined
        ? make(options.fallback)
        : openFrozen(opened, trees, root, options, () => make(options.fallback));
  return new Store(id, commit, { device, options, objects, index, trees, layout });
}
