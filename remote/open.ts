import type { ImageAddress } from "./address.ts";
import type { BlockCache } from "./block-cache.ts";
import { DEFAULT_CACHE_SIZE } from "./cache/cache-size.ts";
import type { RemoteImage } from "./image.ts";
import type { Source, SourceOptions } from "./source.ts";
import { SourceError } from "./source-error.ts";

/** How an image is opened that lies elsewhere. */
export interface RemoteOptions extends SourceOptions {
  /** Bytes of blocks that the cache keeps at most, of all images together; 0 for no cache. Default 2 GiB. */
  readonly cacheSize?: number | undefined;
  /**
   * Whether an http or https server is asked for its version although its last answer is fresh (`max-age`).
   * Default: not before there is something to fetch.
   */
  readonly revalidate?: boolean | undefined;
  /** Requests at once at most. Default 8. */
  readonly requests?: number | undefined;
  /** Bytes of blocks in memory at most, beside those on their way. Default 16 MiB. */
  readonly memory?: number | undefined;
}

/**
 * Opens an image that lies elsewhere, and begins to fetch what every reader needs first.
 * @throws {SourceError} it cannot be opened. @throws the signal's reason.
 */
export async function openRemoteImage(
  address: ImageAddress,
  options: RemoteOptions = {},
): Promise<RemoteImage> {
  const { requests, memory } = options;
  const cache = await openCache(options.cacheSize);
  const source = await openWithCache(address, options, cache);
  try {
    const { Blocks } = await import("./blocks.ts");
    return new Blocks(source, { cache: source.isUnversioned ? undefined : cache, requests, memory });
  } catch (error) {
    await source[Symbol.asyncDispose]();
    throw error;
  }
}

/** Opens the source of an image, each kind with the modules that it needs. @throws as `openRemoteImage`. */
export async function openSource(address: ImageAddress, options: SourceOptions = {}): Promise<Source> {
  switch (address.kind) {
    case "http":
      return await (await import("./http/http-source.ts")).openHttpSource(address, options);
    case "oci":
      return await (await import("./oci/open.ts")).openOciSource(address, options);
    case "nbd":
      return await (await import("./nbd/source.ts")).openNbdSource(address, options);
    case "rbd":
      throw new SourceError(
        "SOURCE_UNSUPPORTED",
        `${address.display}: only a machine of QEMU's can read this (docteur run)`,
      );
    case "file":
      throw new SourceError(
        "BAD_ADDRESS",
        `${address.path}: a file is not read as an image that lies elsewhere`,
      );
  }
}

async function openCache(size = DEFAULT_CACHE_SIZE): Promise<BlockCache | undefined> {
  if (size === 0) return undefined;
  return (await import("./cache/disk-cache.ts")).openDiskCache(size);
}

/** As `openSource`, with fewer requests for what was opened before. */
async function openWithCache(
  address: ImageAddress,
  options: RemoteOptions,
  cache: BlockCache | undefined,
): Promise<Source> {
  const isNoted = address.kind === "http" || address.kind === "oci";
  if (cache === undefined || !isNoted) return await openSource(address, options);
  const { Notes } = await import("./cache/notes.ts");
  const notes = new Notes(cache);
  if (address.kind === "http") {
    const { openKnownHttpSource } = await import("./http/known-source.ts");
    return await openKnownHttpSource(address, options, cache, notes);
  }
  return await (await import("./oci/known-source.ts")).openKnownOciSource(address, options, notes);
}
