import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { DocteurError } from "../../reader/errors.ts";
import { pinnedNode } from "../package-root.ts";
import { findTool, runTool } from "../tools.ts";

/** A module, ready for `insmod`. */
export interface KernelModule {
  readonly name: string;
  readonly data: Uint8Array;
}

/**
 * Reads modules and their dependencies, in the order in which the kernel can load them. Modules that are
 * built into the kernel are left out.
 *
 * The dependencies are read from the modules themselves: `modules.dep` is made only when a kernel is
 * installed.
 *
 * @param folder holds `kernel/` and `modules.builtin`, as `/lib/modules/VERSION` does.
 * @param busybox decompresses modules in xz, if the host has no xz.
 * @param optional names that are left out if the kernel does not have them.
 * @throws {DocteurError} `NO_MODULE`, if a module is neither in the folder nor built in; `TOOL_FAILED`, if
 * one cannot be decompressed.
 */
export async function readModules(
  folder: string,
  wanted: readonly string[],
  busybox: string,
  optional: readonly string[] = [],
): Promise<KernelModule[]> {
  const files = await moduleFiles(folder);
  const builtIn = await builtInModules(folder);
  const ordered = new Map<string, KernelModule>();
  const pending = new Set<string>();
  const add = async (name: string): Promise<void> => {
    if (ordered.has(name) || builtIn.has(name) || pending.has(name)) return;
    pending.add(name);
    const file = files.get(name);
    if (file === undefined) {
      throw new DocteurError(
        "NO_MODULE",
        `${folder}: the kernel has no module ${name}, which the machine needs`,
      );
    }
    const data = await readModule(file, busybox);
    for (const dependency of dependencies(data)) await add(dependency);
    ordered.set(name, { name, data });
  };
  for (const name of wanted) await add(canonical(name));
  for (const name of optional.map(canonical)) if (files.has(name)) await add(name);
  return [...ordered.values()];
}

/** Whether one of these is neither in the folder nor built into the kernel. */
export async function lacksModule(folder: string, names: readonly string[]): Promise<boolean> {
  const there = new Set([...(await moduleFiles(folder)).keys(), ...(await builtInModules(folder))]);
  return !names.every((name) => there.has(canonical(name)));
}

const MODULE_FILE = /^(.+)\.ko(\.gz|\.xz|\.zst)?$/;

/** In the name of a module, `-` and `_` are the same to the kernel. */
function canonical(name: string): string {
  return name.replaceAll("-", "_");
}

async function moduleFiles(folder: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const path of await readdir(join(folder, "kernel"), { recursive: true }).catch(() => [])) {
    const name = MODULE_FILE.exec(basename(path))?.[1];
    if (name !== undefined) files.set(canonical(name), join(folder, "kernel", path));
  }
  return files;
}

async function builtInModules(folder: string): Promise<Set<string>> {
  const list = await readFile(join(folder, "modules.builtin"), "utf8").catch(() => "");
  return new Set(list.split("\n").map((line) => canonical(basename(line).replace(/\.ko$/, ""))));
}

async function readModule(file: string, busybox: string): Promise<Buffer> {
  // A run with a cached initramfs never loads it.
  const { gunzipSync } = await import("node:zlib");
  if (file.endsWith(".gz")) return gunzipSync(await readFile(file));
  if (file.endsWith(".zst")) return decompressZstd(file);
  if (file.endsWith(".xz")) return decompressXz(file, busybox);
  return readFile(file);
}

/** Uses the pinned Node: that of the library's user may be too old for zstd. */
async function decompressZstd(file: string): Promise<Buffer> {
  const script = `
    const { readFileSync } = require("node:fs");
    process.stdout.write(require("node:zlib").zstdDecompressSync(readFileSync(process.argv[1])));`;
  const text = await runTool(pinnedNode(), ["-e", script, file], { encoding: "latin1" });
  return Buffer.from(text, "latin1");
}

/** Uses xz or else busybox: Node has no xz. */
async function decompressXz(file: string, busybox: string): Promise<Buffer> {
  const xz = findTool("xz");
  const [tool, args] = xz === undefined ? [busybox, ["unxz"]] : [xz, ["-d"]];
  const text = await runTool(tool, [...args, "-c", file], { encoding: "latin1" });
  return Buffer.from(text, "latin1");
}

/** Returns the names after `depends=` in the section `.modinfo`, a sequence of strings that end in a zero. */
function dependencies(module: Buffer): string[] {
  const key = Buffer.from("\0depends=");
  const start = module.indexOf(key);
  if (start < 0) return [];
  const value = module.toString("latin1", start + key.length, module.indexOf(0, start + key.length));
  return value
    .split(",")
    .filter((name) => name !== "")
    .map(canonical);
}
