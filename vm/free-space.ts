import { statSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { cachedKernel, kernelBytes } from "./artifacts/kernel.ts";
import { isRootDiskCached } from "./artifacts/root-disk.ts";
import { cacheFolder } from "./cache/cache.ts";
import { pinnedNode } from "./package-root.ts";
import { DEFAULT_MEMORY } from "./prepare.ts";
import { listTemplates } from "./template/template-store.ts";

const MEBIBYTE = 1024 * 1024;

/** The size of the kernel's package where apt does not know it: a little more than that of Debian 13. */
const KERNEL_BYTES = 256 * MEBIBYTE;

/** The space that a run needs in the cache; MiB. */
export interface Space {
  /** For the parts that every run needs and the cache lacks. */
  readonly parts: number;
  /** For a template. Without one, each run boots. */
  readonly template: number;
  readonly free: number;
}

/**
 * Returns the space that a run of the default machine needs, from the sizes of its parts.
 * @throws {Error} of the file system, if there is no cache.
 */
export async function spaceForRun(): Promise<Space> {
  const { bavail, bsize } = await statfs(cacheFolder());
  const kernel = (await cachedKernel()) === undefined ? ((await kernelBytes()) ?? KERNEL_BYTES) : 0;
  // A copy of Node, and the file system that is made from it.
  const rootDisk = isRootDiskCached() ? 0 : 2 * statSync(pinnedNode()).size;
  return {
    parts: Math.ceil((kernel + rootDisk) / MEBIBYTE),
    // A sparse file with all of the machine's memory.
    template: (await listTemplates()).length > 0 ? 0 : DEFAULT_MEMORY,
    free: Math.floor((bavail * bsize) / MEBIBYTE),
  };
}
