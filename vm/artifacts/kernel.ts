import { readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { DocteurError } from "../../reader/errors.ts";
import { cached, cacheFolder } from "../cache/cache.ts";
import { type Choice, fetchPackages, hasDebianPackages, packagesSize } from "./debian.ts";
import { STANDALONE_MODULES } from "./initramfs.ts";
import { lacksModule } from "./modules.ts";

/** A kernel that QEMU can load, and the modules that go with it. */
export interface Kernel {
  /** The bzImage. */
  readonly image: string;
  /** The folder that holds `kernel/` and `modules.builtin`. */
  readonly modules: string;
}

/** The kernel of the caller's choice: both or neither. */
export interface KernelChoice {
  readonly kernel?: string | undefined;
  readonly modules?: string | undefined;
}

/**
 * Kernels made for virtual machines: Debian's, then Ubuntu's. They depend on the package of the current
 * version.
 */
const META_PACKAGES = ["linux-image-cloud-amd64", "linux-image-virtual"];

/**
 * The packages of one version of the kernel: what boots, the modules, the lists of modules. They depend on
 * each other.
 */
const VERSIONED = /^linux-(image|binary|modules|base)-\d/;

const REMEDY = "give one with --kernel FILE --modules FOLDER";

/**
 * Returns the kernel that the caller names, or else the distribution's kernel for virtual machines, fetched
 * once.
 *
 * @param note gets a line of text before a fetch.
 * @throws {DocteurError} `NO_KERNEL`, if there is none and none can be fetched.
 */
export async function getKernel(choice: KernelChoice, note: (line: string) => void): Promise<Kernel> {
  const { kernel, modules } = choice;
  if (kernel !== undefined && modules !== undefined) return givenKernel(resolve(kernel), resolve(modules));
  if (kernel !== undefined || modules !== undefined) {
    throw new DocteurError("NO_KERNEL", "--kernel FILE and --modules FOLDER go together");
  }
  const name = await entryName();
  const folder = await cached(name, async (folder) => {
    if (!hasDebianPackages())
      throw new DocteurError("NO_KERNEL", `this system has no apt to fetch a kernel with; ${REMEDY}`);
    note("fetching a kernel for virtual machines (once)");
    await fetchKernel(folder);
  });
  return { image: join(folder, "vmlinuz"), modules: join(folder, "modules") };
}

/** Returns the package of the cached kernel; undefined if there is none. */
export async function cachedKernel(): Promise<string | undefined> {
  const file = join(cacheFolder(), await entryName(), "package");
  return readFile(file, "utf8").then(
    (text) => text.trim(),
    () => undefined,
  );
}

/** Returns the bytes that a fetch of the kernel takes; undefined if the system does not know. */
export async function kernelBytes(): Promise<number | undefined> {
  return hasDebianPackages() ? await packagesSize(chooseKernel) : undefined;
}

async function givenKernel(image: string, modules: string): Promise<Kernel> {
  const isFile = await stat(image).then(
    (stats) => stats.isFile(),
    () => false,
  );
  if (!isFile) throw new DocteurError("NO_KERNEL", `${image}: no such kernel; ${REMEDY}`);
  const isFolder = await stat(modules).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
  if (!isFolder) throw new DocteurError("NO_KERNEL", `${modules}: no such folder of modules; ${REMEDY}`);
  return { image, modules };
}

/** The cache has one kernel for each release of the system. */
async function entryName(): Promise<string> {
  const release = await readFile("/etc/os-release", "utf8").catch(() => "");
  const field = (name: string) => new RegExp(`^${name}="?([\\w.-]*)`, "m").exec(release)?.[1] ?? "unknown";
  return `kernel-${field("ID")}-${field("VERSION_ID")}`;
}

async function fetchKernel(folder: string): Promise<void> {
  const unpacked = join(folder, "unpacked");
  let names: string[];
  let modules: string;
  try {
    names = await fetchPackages(chooseKernel, unpacked);
    modules = await findModules(unpacked);
    if (await lacksModule(modules, STANDALONE_MODULES)) {
      names = await fetchPackages(withExtraModules, unpacked);
      modules = await findModules(unpacked);
    }
  } catch (cause) {
    const { message } = cause as Error;
    throw new DocteurError("NO_KERNEL", `no kernel could be fetched: ${message}; ${REMEDY}`, { cause });
  }
  // Beside its modules since Debian 14.
  const beside = [relative(unpacked, modules), "boot"];
  await rename(await findBeneath(unpacked, beside, /^vmlinuz(-|$)/), join(folder, "vmlinuz"));
  await rename(modules, join(folder, "modules"));
  await rm(unpacked, { recursive: true });
  await writeFile(join(folder, "package"), `${names.find((name) => name.startsWith("linux-image-"))}\n`);
}

const chooseKernel: Choice = async (depends) => {
  for (const meta of META_PACKAGES) {
    // Debian 12 and 13 have all in one package, Ubuntu has the modules in a second, and Debian 14 splits it
    // in four.
    const chosen = new Set<string>();
    const add = async (name: string) => {
      for (const other of ((await depends(name)) ?? []).filter((name) => VERSIONED.test(name))) {
        if (chosen.has(other)) continue;
        chosen.add(other);
        await add(other);
      }
    };
    await add(meta);
    if (chosen.size > 0) return [...chosen];
  }
  throw new DocteurError("PACKAGE_UNKNOWN", `apt knows neither ${META_PACKAGES.join(" nor ")}`);
};

/**
 * Adds the packages of extra modules: Ubuntu 22.04 has EROFS in one that its kernel for virtual machines does
 * not need.
 */
const withExtraModules: Choice = async (depends) => {
  const names = await chooseKernel(depends);
  const extra = names.map((name) => name.replace(/^linux-modules-(?=\d)/, "linux-modules-extra-"));
  const known = await Promise.all(
    extra.map(async (name) => ((await depends(name)) === undefined ? [] : [name])),
  );
  return [...new Set([...names, ...known.flat()])];
};

function findModules(unpacked: string): Promise<string> {
  return findBeneath(unpacked, ["lib/modules", "usr/lib/modules"], /^\d/);
}

async function findBeneath(root: string, folders: readonly string[], name: RegExp): Promise<string> {
  for (const folder of folders) {
    const names = await readdir(join(root, folder)).catch(() => []);
    const found = names.find((candidate) => name.test(candidate));
    if (found !== undefined) return join(root, folder, found);
  }
  throw new DocteurError(
    "NO_KERNEL",
    `the fetched package has nothing in ${folders.join(" or ")}; ${REMEDY}`,
  );
}
