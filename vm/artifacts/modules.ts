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
 * Reads the wanted modules and all that they depend on, in an order in which they can be loaded. What is built into the
 * kernel needs no loading and is left out.
 *
 * The dependencies are those that each module itself names: `modules.dep` is made when a kernel is installed, and this
 * one was not.
 *
 * @param folder holds `kernel/` and `modules.builtin`, as `/lib/modules/VERSION` does.
 * @param busybox unpacks what is compressed by xz.
 * @throws {DocteurError} `NO_MODULE`, if one is neither there nor built in; `TOOL_FAILED`, if it cannot be unpacked.
 */
export async function readModules(
  folder: string,
  wanted: readonly string[],
  busybox: string,
): Promise<KernelModule[]> {
  const files = await moduleFiles(folder);
  const builtIn = await builtInModules(folder);
  const ordered = new Map<string, KernelModule>();
  const visiting = new Set<string>();
  const visit = async (name: string): Promise<void> => {
    if (ordered.has(name) || builtIn.has(name) || visiting.has(name)) return;
    visiting.add(name);
    const file = files.get(name);
    if (file === undefined) {
      throw new DocteurError(
        "NO_MODULE",
        `${folder}: the kernel has no module ${name}, which the machine needs`,
      );
    }
    const data = await readModule(file, busybox);
    for (const dependency of dependencies(data)) await visit(dependency);
    ordered.set(name, { name, data });
  };
  for (const name of wanted) await visit(canonical(name));
  return [...ordered.values()];
}

/** Whether one of these is neither in the folder nor built into the kernel. */
export async function lacksModule(folder: string, names: readonly string[]): Promise<boolean> {
  const there = new Set([...(await moduleFiles(folder)).keys(), ...(await builtInModules(folder))]);
  return !names.every((name) => there.has(canonical(name)));
}

const MODULE_FILE = /^(.+)\.ko(\.gz|\.xz|\.zst)?$/;

/** The kernel takes `-` and `_` in a module's name for the same. */
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
  // Loaded only here: a run that finds its initramfs made needs none of it.
  const { gunzipSync } = await import("node:zlib");
  if (file.endsWith(".gz")) return gunzipSync(await readFile(file));
  if (file.endsWith(".zst")) return decompressZstd(file);
  if (file.endsWith(".xz")) return decompressXz(file, busybox);
  return readFile(file);
}

/** By the Node that docteur brings along: that of the library's user may be too old to have zstd. */
async function decompressZstd(file: string): Promise<Buffer> {
  const script = `
    const { readFileSync } = require("node:fs");
    process.stdout.write(require("node:zlib").zstdDecompressSync(readFileSync(process.argv[1])));`;
  const text = await runTool(pinnedNode(), ["-e", script, file], { encoding: "latin1" });
  return Buffer.from(text, "latin1");
}

/** Node has no xz, and a small system has no xz-utils; the machine's busybox is always there, and knows it. */
async function decompressXz(file: string, busybox: string): Promise<Buffer> {
  const xz = findTool("xz");
  const [tool, args] = xz === undefined ? [busybox, ["unxz"]] : [xz, ["-d"]];
  const text = await runTool(tool, [...args, "-c", file], { encoding: "latin1" });
  return Buffer.from(text, "latin1");
}

/** The names after `depends=` in the section `.modinfo`, which is a sequence of strings that end in a zero. */
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
