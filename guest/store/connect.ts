import type { BlockDevice } from "../block/device.ts";
import { SectorCache } from "../block/sector-cache.ts";
import { InvalidImageError } from "../errors.ts";
import { parseCommit } from "../git/commit.ts";
import { raw } from "../git/object-id.ts";
import { decodeHeader, HEADER_SIZE, type ImageHeader } from "../image/header.ts";
import { FastLayout } from "../layout/fast.ts";
import { TreeWalk } from "../layout/tree-walk.ts";
import { Trees } from "../layout/trees.ts";
import { analyzePack } from "../pack/analyze.ts";
import { FIRST_ENTRY } from "../pack/entry.ts";
import { Idx } from "../pack/idx.ts";
import { createInflater, type InflateEngine } from "../pack/inflaters.ts";
import type { ObjectIndex } from "../pack/object-index.ts";
import { Objects } from "../pack/objects.ts";
import { Pack } from "../pack/pack.ts";
import { Store } from "./store.ts";

/** How to connect. Sizes are bytes and bound what the store holds in memory. */
export interface ConnectOptions {
  /**
   * `light` reads the commit and the root only, and walks trees on demand: right for a few paths. `fast` maps every path
   * at once: right for many. Default `light`.
   */
  readonly layout?: "light" | "fast" | undefined;
  /** Trust no IDX: scan the PACK and rebuild it in memory, about 40 bytes an object. Default false. */
  readonly analyze?: boolean | undefined;
  /** Refuse an image of any other commit than this, 40 hexadecimal digits. Default: any. */
  readonly commit?: string | undefined;
  /** What inflates. Default `zlib`. */
  readonly inflate?: InflateEngine | undefined;
  /** For sectors. Default 4 MiB. */
  readonly sectorCacheSize?: number | undefined;
  /** For bases of deltas. Default 24 MiB. */
  readonly baseCacheSize?: number | undefined;
  /** For parsed trees. Default 8 MiB. */
  readonly treeCacheSize?: number | undefined;
  /** For the paths of the `fast` layout. Default 512 MiB. */
  readonly maxLayoutSize?: number | undefined;
  /** The largest object that is read into memory whole. Default 1 GiB. */
  readonly maxObjectSize?: number | undefined;
}

const MIB = 1024 * 1024;

/**
 * Connects to the image on a device. The device belongs to the store from then on: `Store.close` closes it.
 *
 * @throws {InvalidImageError} if the header, the IDX, the commit or, with the `fast` layout, any tree is damaged; fault
 * `pinned-commit` if the image is of another commit than `commit`.
 */
export function connect(device: BlockDevice, options: ConnectOptions = {}): Store {
  const cache = new SectorCache(device, { capacity: options.sectorCacheSize });
  const header = readHeader(cache);
  const { commit: id, indexOffset } = header;
  if (options.commit !== undefined && options.commit.toLowerCase() !== id) {
    throw new InvalidImageError("pinned-commit", `it is of commit ${id}, not of ${options.commit}`, {
      offset: 0,
    });
  }
  const index = openIndex(cache, header, options);
  const pack = new Pack(cache, HEADER_SIZE, indexOffset, (base) => index.find(base), {
    baseCacheSize: options.baseCacheSize,
    maxObjectSize: options.maxObjectSize,
    inflater: createInflater(options.inflate),
  });
  const objects = new Objects(index, pack);
  const commit = parseCommit(objects.read(raw(id), "commit"), id);
  const trees = new Trees(objects, options.treeCacheSize ?? 8 * MIB);
  const root = raw(commit.tree);
  trees.read(root);
  const layout =
    options.layout === "fast"
      ? new FastLayout(trees, root, options.maxLayoutSize ?? 512 * MIB)
      : new TreeWalk(trees, root);
  return new Store(id, commit, { objects, trees, layout, release: () => device.close() });
}

/**
 * The header of an image, its index offset within the image and past an empty PACK.
 * @throws {InvalidImageError} fault `header`.
 */
export function readHeader(cache: SectorCache): ImageHeader {
  const header = decodeHeader(cache.read(0, Math.min(HEADER_SIZE, cache.size)));
  if (header.indexOffset < HEADER_SIZE + FIRST_ENTRY || header.indexOffset >= cache.size) {
    const what = `the index offset ${header.indexOffset} lies outside the image's ${cache.size} bytes`;
    throw new InvalidImageError("header", what, { offset: 20 });
  }
  return header;
}

function openIndex(cache: SectorCache, { indexOffset }: ImageHeader, options: ConnectOptions): ObjectIndex {
  return options.analyze === true
    ? analyzePack(cache, HEADER_SIZE, indexOffset, { maxObjectSize: options.maxObjectSize })
    : new Idx(cache, indexOffset, indexOffset - HEADER_SIZE);
}
