import type { BlockDevice } from "../block/device.ts";
import { SectorCache } from "../block/sector-cache.ts";
import { boundsOf } from "../bounds.ts";
import { type ObjectFormat, objectFormat } from "../git/object-format.ts";
import { NODE_FORMATS, NODE_PLATFORM } from "../node-platform.ts";
import { analyzePack } from "../pack/analyze.ts";
import { ExpectedIndex } from "../pack/expected-index.ts";
import { Idx } from "../pack/idx.ts";
import type { Inflater } from "../pack/inflate.ts";
import { createInflater, type InflateEngine } from "../pack/inflaters.ts";
import type { ObjectIndex } from "../pack/object-index.ts";
import { Objects } from "../pack/objects.ts";
import { Pack } from "../pack/pack.ts";
import { Work } from "../pack/work.ts";
import type { Platform } from "../platform.ts";
import { type ImageHeader, readHeader } from "./header.ts";
import { checkPinnedCommit } from "./pinned-commit.ts";

const INDEX_BLOCK_SIZE = 4 * 1024;

/** Holds the ids and offsets of 87,000 objects. */
const INDEX_CACHE_SIZE = 2 * 1024 * 1024;

/** How to connect. Sizes are bytes and bound what the store holds in memory. */
export interface ConnectOptions {
  /**
   * `frozen` finds paths in the layout that the image has in a section of its own; it becomes `fallback` where
   * the image has none, or a damaged one. `light` reads the commit and the root only, and walks trees on
   * demand: right for a few paths. `fast` maps every path at once: right for many. Default `frozen`; with
   * `analyze`, which trusts no index, its fallback.
   */
  readonly layout?: "frozen" | "light" | "fast" | undefined;
  /** What takes the place of the layout `frozen`. Default `light`. */
  readonly fallback?: "light" | "fast" | undefined;
  /**
   * Called with one line if the image's layout is damaged, or absent though the option `layout` is `frozen`.
   * Default: nothing is said.
   */
  readonly onNote?: ((note: string) => void) | undefined;
  /**
   * Trust no IDX: scan the PACK and rebuild it in memory, less than 60 bytes an object by SHA-1, 72 by SHA-256.
   * Default false.
   */
  readonly analyze?: boolean | undefined;
  /** Refuse an image of any other commit than this, 40 hexadecimal digits, 64 for SHA-256. Default: any. */
  readonly commit?: string | undefined;
  /** What inflates: `zlib`, the platform's own inflater, or `pako`, plain JavaScript. Default `zlib`. */
  readonly inflate?: InflateEngine | undefined;
  /**
   * What inflates, what hashes, and the threads. Default: Node's. With another, `getAll` has threads only if
   * that has some.
   */
  readonly platform?: Platform | undefined;
  /** For sectors. Default 1 MiB for an image file, 16 MiB for a disk. */
  readonly sectorCacheSize?: number | undefined;
  /** For bases of deltas. Default 8 MiB. */
  readonly baseCacheSize?: number | undefined;
  /** For trees. Default 32 MiB for an image file, 16 MiB for a disk. */
  readonly treeCacheSize?: number | undefined;
  /**
   * For the paths of the `fast` layout, and for the trees on the way down while either layout lists. Default
   * 64 MiB and four times the image, at most 512 MiB.
   */
  readonly maxLayoutSize?: number | undefined;
  /** Threads that `Store.getAll` reads with; each has caches of its own. Default: one a CPU, at most 4. */
  readonly threads?: number | undefined;
  /** The largest object that is read into memory at once. Default 1 GiB. */
  readonly maxObjectSize?: number | undefined;
  /**
   * Whether the work of all reads together is bounded as well, by the size of the image and of what was read:
   * right for a program that reads some values and ends. Default false.
   */
  readonly boundWork?: boolean | undefined;
  /**
   * How much of the time that an image may take it gets: docs/STORE.md has the bounds, which let no read take
   * more than some seconds. Default 1; less where that is too long.
   */
  readonly workFactor?: number | undefined;
}

/** What `openObjects` opens. */
export interface OpenedObjects {
  /** The commit's id, hexadecimal. */
  readonly id: string;
  readonly objects: Objects;
  /** The index of `objects`. */
  readonly index: ExpectedIndex;
  readonly format: ObjectFormat;
  /** Byte offsets of the PACK and of the IDX. */
  readonly packStart: number;
  readonly indexOffset: number;
  /** For what is read besides the PACK. */
  readonly indexCache: SectorCache;
}

/**
 * The objects of the image on a device, which still belongs to the caller, and the commit's id.
 * @throws {InvalidImageError} if the header or the IDX is damaged; fault `pinned-commit`.
 */
export function openObjects(device: BlockDevice, options: ConnectOptions): OpenedObjects {
  const cache = new SectorCache(device, { capacity: options.sectorCacheSize });
  const header = readHeader(cache);
  const { hash, commit: id, packStart, indexOffset } = header;
  checkPinnedCommit(header, options.commit);
  const platform = options.platform ?? NODE_PLATFORM;
  const format = platform === NODE_PLATFORM ? NODE_FORMATS[hash] : objectFormat(hash, platform);
  const inflater = createInflater(options.inflate, platform);
  const small = indexCache(device, cache);
  const index = openIndex(cache, small, header, { ...options, format, inflater });
  const bounds = boundsOf(indexOffset - packStart, options.workFactor);
  const pack = new Pack(cache, packStart, indexOffset, (base) => index.find(base), {
    baseCacheSize: options.baseCacheSize,
    maxObjectSize: options.maxObjectSize,
    format,
    inflater,
    bounds,
    work: new Work(options.boundWork === true ? bounds.commandWork : undefined),
  });
  const expected = new ExpectedIndex(index);
  return {
    id,
    objects: new Objects(expected, pack),
    index: expected,
    format,
    packStart,
    indexOffset,
    indexCache: small,
  };
}

function openIndex(
  cache: SectorCache,
  small: SectorCache,
  { packStart, indexOffset }: ImageHeader,
  options: ConnectOptions & { readonly format: ObjectFormat; readonly inflater: Inflater },
): ObjectIndex {
  if (options.analyze === true) {
    return analyzePack(cache, packStart, indexOffset, {
      format: options.format,
      inflater: options.inflater,
      maxObjectSize: options.maxObjectSize,
      workFactor: options.workFactor,
    });
  }
  return new Idx(small, indexOffset, indexOffset - packStart, options.format);
}

/**
 * Looking up an id takes a few bytes from anywhere in the IDX: small blocks, which what is read of the PACK
 * does not drive out. Not on a device that would rather be asked less often.
 */
function indexCache(device: BlockDevice, cache: SectorCache): SectorCache {
  if (device.optimalIoSize !== undefined) return cache;
  return new SectorCache(device, { blockSize: INDEX_BLOCK_SIZE, capacity: INDEX_CACHE_SIZE });
}
