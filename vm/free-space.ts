import { statSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { cachedKernel, kernelBytes } from "./artifacts/kernel.ts";
import { isRootDiskCached } from "./artifacts/root-disk.ts";
import { cacheFolder } from "./cache/cache.ts";
import { pinnedNode } from "./package-root.ts";
import { DEFAULT_MEMORY } from "./prepare.ts";
import { listTemplates } from "./template/template-store.ts";

const MEBIBYTE = 1024 * 1024;

/** Where apt does not tell how large the kernel's package is: somewhat more than that of Debian 13. */
const KERNEL_BYTES = 256 * MEBIBYTE;

/** The space that a run needs in the cache; MiB. */
export interface Space {
  /** For what no run can do without, and is not there yet. */
  readonly parts: number;
  /** For a template; a run without boots. */
  readonly template: number;
  readonly free: number;
}

/**
 * Derives what a run of the default machine needs from what that is made of.
 * @throws {Error} of the file system, if there is no cache.
 */
export async function spaceForRun(): Promise<Space> {
  const { bavail, bsize } = await statfs(cacheFolder());
  const kernel = (await cachedKernel()) === undefined ? ((await kernelBytes()) ?? KERNEL_BYTES) : 0;
  // Node is copied first, and then a file system is made of the copy.
  const rootDisk = isRootDiskCached() ? 0 : 2 * statSync(pinnedNode()).size;
  return {
    parts: Math.ceil((kernel + rootDisk) / MEBIBYTE),
    // All of the machine's memory is in a file, most of which stays empty.
    template: (await listTemplates()).length > 0 ? 0 : DEFAULT_MEMORY,
    free: Math.floor((bavail * bsize) / MEBIBYTE),
  };
}
