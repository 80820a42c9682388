import { SourceError } from "../reader/source-error.ts";
import type { ImageAddress } from "./address.ts";
import { DEFAULT_CACHE_SIZE } from "./cache/cache-size.ts";
import type { Openings } from "./cache/openings.ts";
import type { RemoteImage } from "./image.ts";
import type { Source, SourceOptions } from "./source.ts";

/** How an image is opened that lies elsewhere. */
export interface RemoteOptions extends SourceOptions {
  /** Bytes of blocks that the cache keeps at most, of all images together; 0 for no cache. Default 2 GiB. */
  readonly cacheSize?: number | undefined;
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
  const cache = await openCache(address, options);
  const source = await openSource(address, options, cache?.openings);
  try {
    const { Blocks } = await import("./blocks.ts");
    const { requests, memory } = options;
    return new Blocks(source, { requests, memory, cache: isKept(source) ? cache?.blocks : undefined });
  } catch (error) {
    await source[Symbol.asyncDispose]();
    throw error;
  }
}

function isKept({ isUnversioned = false, isUnkept = false }: Source): boolean {
  return !isUnversioned && !isUnkept;
}

/**
 * Opens the source of an image, each kind with the modules that it needs.
 * @param openings what others have learned of it. Default: nothing.
 * @throws as `openRemoteImage`.
 */
export async function openSource(
  address: ImageAddress,
  options: SourceOptions = {},
  openings?: Openings,
): Promise<Source> {
  switch (address.kind) {
    case "http":
      return await (await import("./http/http-source.ts")).openHttpSource(address, { ...options, openings });
    case "oci":
      return await (await import("./oci/open.ts")).openOciSource(address, { ...options, openings });
    case "nbd":
      return await (await import("./nbd/source.ts")).openNbdSource(address, options);
    case "rbd":
      throw new SourceError(
        "SOURCE_UNSUPPORTED",
        `${address.display}: QEMU alone reads this: use docteur run, without -t unix`,
      );
    case "file":
      throw new SourceError(
        "BAD_ADDRESS",
        `${address.path}: a file is not read as an image that lies elsewhere`,
      );
  }
}

/** The cache on disk, for what has versions. */
async function openCache({ kind }: ImageAddress, { cacheSize = DEFAULT_CACHE_SIZE }: RemoteOptions) {
  if (cacheSize === 0 || (kind !== "http" && kind !== "oci")) return undefined;
  const [{ openDiskCache }, { Openings }] = await Promise.all([
    import("./cache/disk-cache.ts"),
    import("./cache/openings.ts"),
  ]);
  const blocks = openDiskCache(cacheSize);
  return blocks && { blocks, openings: Openings.beside(blocks) };
}
