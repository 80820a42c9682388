import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Accelerator, chooseAccelerator, isKvmAccessible } from "./accelerator.ts";
import { cachedBusybox } from "./busybox.ts";
import { cacheFolder } from "./cache.ts";
import { cachePath, whyNotOwn } from "./cache-owner.ts";
import { hasDebianPackages } from "./debian.ts";
import { cachedKernel, getKernel } from "./kernel.ts";
import { pinnedNode } from "./package-root.ts";
import { lastReason } from "./template/known-failure.ts";
import { list } from "./template/shelf.ts";
import { findTool, runTool } from "./tools.ts";

/** One thing that a machine needs, and whether it is here. */
export interface Check {
  readonly name: string;
  readonly ok: boolean;
  /** What was found. */
  readonly detail: string;
  /** What to do about it, if it is not ok. */
  readonly remedy?: string;
}

/**
 * Looks what this host has and lacks. Fetches nothing; the one thing it does is to try KVM, if a kernel is cached and
 * nobody has tried yet.
 */
export async function doctor(): Promise<Check[]> {
  const unsafe = unsafeCacheCheck();
  return [
    { name: "node", ok: true, detail: `${process.version} runs this` },
    await pinnedNodeCheck(),
    await toolCheck("git", "git", ["--version"]),
    await toolCheck("qemu-system-x86_64", "qemu-system-x86", ["--version"]),
    await toolCheck("mkfs.erofs", "erofs-utils", []),
    packagesCheck(),
    ...(unsafe === undefined ? await cachedChecks() : [unsafe]),
  ];
}

/** What a run finds in the cache, or would put there. */
async function cachedChecks(): Promise<Check[]> {
  return [await kernelCheck(), await acceleratorCheck(), await templateCheck(), await cacheCheck()];
}

/** Undefined for a cache that may be used. */
function unsafeCacheCheck(): Check | undefined {
  const why = whyNotOwn(cachePath());
  if (why === undefined) return undefined;
  return { name: "cache", ok: false, detail: why, remedy: "set XDG_CACHE_HOME to a folder of your own" };
}

async function pinnedNodeCheck(): Promise<Check> {
  const name = "guest's node";
  try {
    const version = await runTool(pinnedNode(), ["--version"]);
    return { name, ok: true, detail: version.trim() };
  } catch (error) {
    return { name, ok: false, detail: (error as Error).message, remedy: "npm install" };
  }
}

async function toolCheck(name: string, debianPackage: string, args: readonly string[]): Promise<Check> {
  const path = findTool(name);
  if (path === undefined) {
    return {
      name,
      ok: false,
      detail: "not installed",
      remedy: `on Debian or Ubuntu: apt install ${debianPackage}`,
    };
  }
  if (args.length === 0) return { name, ok: true, detail: path };
  try {
    const firstLine = (await runTool(path, args)).split("\n")[0]!;
    return { name, ok: true, detail: `${firstLine} (${path})` };
  } catch (error) {
    return { name, ok: false, detail: (error as Error).message, remedy: `reinstall ${debianPackage}` };
  }
}

function packagesCheck(): Check {
  const name = "packages";
  if (hasDebianPackages()) return { name, ok: true, detail: "apt can fetch the kernel and busybox" };
  const remedy = "name a kernel with --kernel FILE --modules FOLDER, and install a static busybox";
  return { name, ok: false, detail: "no apt here to fetch the kernel and busybox", remedy };
}

async function kernelCheck(): Promise<Check> {
  const name = "kernel";
  const cached = await cachedKernel();
  if (cached !== undefined) return { name, ok: true, detail: `${cached}, cached` };
  if (hasDebianPackages()) return { name, ok: true, detail: "will be fetched by the first run" };
  return { name, ok: false, detail: "none", remedy: "name one with --kernel FILE --modules FOLDER" };
}

async function acceleratorCheck(): Promise<Check> {
  const name = "accelerator";
  if (findTool("qemu-system-x86_64") === undefined)
    return { name, ok: false, detail: "no QEMU to try it with" };
  if (!isKvmAccessible()) {
    return { name, ok: true, detail: "tcg (emulation): /dev/kvm is not there or not for this user" };
  }
  const busybox = await cachedBusybox();
  if ((await cachedKernel()) === undefined || busybox === undefined) {
    return { name, ok: true, detail: "/dev/kvm is there; the first run tries it" };
  }
  const verdict = await chooseAccelerator(await getKernel({}, () => {}), busybox, () => {});
  const details: Record<Accelerator, string> = {
    kvm: "kvm (tried: a kernel boots in it)",
    tcg: "tcg (emulation): /dev/kvm is there, but a kernel does not come up in it",
  };
  return { name, ok: true, detail: details[verdict] };
}

async function templateCheck(): Promise<Check> {
  const name = "templates";
  const { length } = await list();
  const reason = await lastReason();
  if (reason !== undefined) {
    // A run works without, only not as soon.
    return { name, ok: true, detail: `${length}; the last one could not be taken: ${reason}` };
  }
  return { name, ok: true, detail: length === 0 ? "none; the first run leaves one" : String(length) };
}

async function cacheCheck(): Promise<Check> {
  const folder = cacheFolder();
  const mebibytes = Math.ceil((await sizeOf(folder)) / (1024 * 1024));
  return {
    name: "cache",
    ok: true,
    detail: mebibytes === 0 ? `${folder} (empty)` : `${folder} (${mebibytes} MiB)`,
  };
}

async function sizeOf(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const sizes = await Promise.all(
    names.map((name) =>
      stat(join(folder, name)).then(
        (stats) => stats.blocks * 512,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
