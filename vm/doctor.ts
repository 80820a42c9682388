import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { cachePath, whyNotOwn } from "../remote/cache/cache-owner.ts";
import { type Accelerator, chooseAccelerator, isKvmAccessible } from "./accelerator.ts";
import { cachedBusybox } from "./artifacts/busybox.ts";
import { hasDebianPackages } from "./artifacts/debian.ts";
import { installation } from "./artifacts/debian-packages.ts";
import { MODULES } from "./artifacts/initramfs.ts";
import { cachedKernel, getKernel } from "./artifacts/kernel.ts";
import { readModules } from "./artifacts/modules.ts";
import { isRootDiskCached } from "./artifacts/root-disk.ts";
import { cacheFolder, makeTemporary } from "./cache/cache.ts";
import { spaceForRun } from "./free-space.ts";
import { pinnedNode } from "./package-root.ts";
import { prepareSystem } from "./prepare.ts";
import type { BareMachine } from "./qemu/qemu.ts";
import { findFailure } from "./template/negative-cache.ts";
import { describe, templateName } from "./template/template.ts";
import { listTemplates } from "./template/template-store.ts";
import { findTool, runTool } from "./tools.ts";

/** The result of one check. */
export interface Check {
  readonly name: string;
  readonly ok: boolean;
  /** What the check has found. */
  readonly detail: string;
  /** What to do, if the check has failed. */
  readonly remedy?: string;
}

/**
 * Checks that this host has what a run of the default machine needs. It fetches nothing, but starts the
 * pinned Node, unpacks modules of the cached kernel, writes to the cache, and tries KVM if the cache has a
 * kernel but no verdict.
 */
export async function doctor(): Promise<Check[]> {
  const unsafe = unsafeCacheCheck();
  return [
    { name: "node", ok: true, detail: `${process.version} runs this` },
    await pinnedNodeCheck(),
    await toolCheck("git", ["--version"]),
    await toolCheck("qemu-system-x86_64", ["--version"]),
    await toolCheck("mkfs.erofs", []),
    ...(unsafe === undefined ? await cachedChecks() : [unsafe]),
  ];
}

/** The checks that use the cache. */
async function cachedChecks(): Promise<Check[]> {
  return [
    await packagesCheck(),
    await kernelCheck(),
    await acceleratorCheck(),
    await templateCheck(),
    await cacheCheck(),
    await spaceCheck(),
  ];
}

/** Returns undefined if the cache is safe. */
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
    const { message } = error as Error;
    const [library] = /\S+\.so[.\d]*(?=:)/.exec(message) ?? [];
    const remedy = library === undefined ? "npm install" : installation(library);
    return { name, ok: false, detail: message, ...(remedy === undefined ? {} : { remedy }) };
  }
}

async function toolCheck(name: string, args: readonly string[]): Promise<Check> {
  const path = findTool(name);
  if (path === undefined) return { name, ok: false, detail: "not installed", remedy: installation(name)! };
  if (args.length === 0) return { name, ok: true, detail: path };
  try {
    const firstLine = (await runTool(path, args)).split("\n")[0]!;
    return { name, ok: true, detail: `${firstLine} (${path})` };
  } catch (error) {
    return {
      name,
      ok: false,
      detail: (error as Error).message,
      remedy: `install it again: ${installation(name)}`,
    };
  }
}

async function packagesCheck(): Promise<Check> {
  const name = "packages";
  if ((await cachedKernel()) !== undefined && (await cachedBusybox()) !== undefined) {
    return { name, ok: true, detail: "nothing is left to fetch" };
  }
  if (hasDebianPackages()) return { name, ok: true, detail: "apt can fetch the kernel and busybox" };
  const remedy = "name a kernel with --kernel FILE --modules FOLDER, and install a static busybox";
  return { name, ok: false, detail: "this system has no apt to fetch the kernel and busybox with", remedy };
}

async function kernelCheck(): Promise<Check> {
  const name = "kernel";
  const cached = await cachedKernel();
  const busybox = await cachedBusybox();
  if (cached !== undefined && busybox !== undefined) {
    try {
      await readModules((await getKernel({}, () => {})).modules, MODULES, busybox);
      return { name, ok: true, detail: `${cached}, cached` };
    } catch (error) {
      const remedy = "remove it from the cache; the next run fetches it again";
      return { name, ok: false, detail: (error as Error).message, remedy };
    }
  }
  if (hasDebianPackages()) return { name, ok: true, detail: "will be fetched by the first run" };
  return { name, ok: false, detail: "none", remedy: "name one with --kernel FILE --modules FOLDER" };
}

async function acceleratorCheck(): Promise<Check> {
  const name = "accelerator";
  if (findTool("qemu-system-x86_64") === undefined)
    return { name, ok: false, detail: "cannot be tried without QEMU" };
  if (!isKvmAccessible()) {
    return { name, ok: true, detail: "tcg (emulation): this user cannot open /dev/kvm" };
  }
  const busybox = await cachedBusybox();
  if ((await cachedKernel()) === undefined || busybox === undefined) {
    return { name, ok: true, detail: "/dev/kvm opens; the first run tries it" };
  }
  const verdict = await chooseAccelerator(await getKernel({}, () => {}), busybox, () => {});
  const details: Record<Accelerator, string> = {
    kvm: "kvm (tried: a kernel boots in it)",
    tcg: "tcg (emulation): /dev/kvm opens, but no kernel boots in it",
  };
  return { name, ok: true, detail: details[verdict] };
}

/** Never fails: without a template a run only starts later. */
async function templateCheck(): Promise<Check> {
  const name = "templates";
  const machines = await ordinaryMachines();
  const kinds = new Map(machines.map((machine) => [templateName(machine), describe(machine)]));
  const templates = (await listTemplates()).filter((template) => kinds.has(template.name));
  const failures = await Promise.all([...kinds].map(async ([kind]) => findFailure(kind)));
  const reason = failures.find((failure) => failure !== undefined);
  if (templates.length > 0)
    return { name, ok: true, detail: templates.map((each) => each.description).join("; ") };
  if (reason !== undefined)
    return { name, ok: true, detail: `none; it could not be taken lately: ${reason}` };
  return { name, ok: true, detail: "none; the first run leaves one" };
}

/** The machine of a run without options; none if the cache lacks a part of it. */
async function ordinaryMachines(): Promise<BareMachine[]> {
  const parts = [await cachedKernel(), await cachedBusybox(), findTool("qemu-system-x86_64")];
  if (parts.includes(undefined) || !isRootDiskCached()) return [];
  try {
    return [await prepareSystem({}, () => {})];
  } catch {
    return []; // Another check says why.
  }
}

async function cacheCheck(): Promise<Check> {
  const name = "cache";
  try {
    const folder = cacheFolder();
    await rm(await makeTemporary(), { recursive: true });
    const mebibytes = Math.ceil((await sizeOf(folder)) / (1024 * 1024));
    return { name, ok: true, detail: `${folder} (${mebibytes} MiB)` };
  } catch (error) {
    const { message } = error as Error;
    return { name, ok: false, detail: message, remedy: "name another folder with XDG_CACHE_HOME" };
  }
}

async function spaceCheck(): Promise<Check> {
  const name = "space";
  try {
    const { parts, template, free } = await spaceForRun();
    const detail = `${free} MiB free for the cache; a run needs ${parts} more, and ${template} for a template`;
    if (free < parts) {
      const remedy = `free ${parts - free} MiB, or name a folder on another disk with XDG_CACHE_HOME`;
      return { name, ok: false, detail, remedy };
    }
    return {
      name,
      ok: true,
      detail: free < parts + template ? `${detail}: runs will boot each time` : detail,
    };
  } catch (error) {
    return { name, ok: false, detail: (error as Error).message, remedy: "see the lines above" };
  }
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
