import { readdir, realpath } from "node:fs/promises";
import { dirname, join } from "node:path";
import { DocteurError } from "../../reader/errors.ts";
import { parseLdd } from "../artifacts/root-disk.ts";
import { findQemu } from "../qemu/qemu.ts";
import { requireTool, runTool } from "../tools.ts";
import { type LayerEntry, writeOciLayout } from "./oci-layout.ts";

const LAYOUT = "qemu";
const TAG = "latest";

/** Owner of all files. */
const ROOT = 0;

/** What QEMU loads for a microvm and its kernel. */
const FIRMWARE = ["bios-microvm.bin", "linuxboot_dma.bin"];

/** Modules that QEMU loads itself, where it is built with modules. */
const MODULES = /^accel-\w+-x86_64\.so$/;

const SHELL = "bin/sh";

/** A container image with QEMU. */
export interface QemuImage {
  /** The folder of its layout, from the folder of the export. */
  readonly folder: string;
  readonly tag: string;
  /** Of its manifest. */
  readonly digest: string;
  /** The command of a shell in it. */
  readonly shell: readonly string[];
}

/**
 * Writes a container image of this host's QEMU, with the libraries and the firmware that a microvm needs, and busybox:
 * no registry is asked for any of it.
 *
 * @param folder the folder of the export.
 * @throws {DocteurError} `TOOL_MISSING`, `TOOL_FAILED`.
 */
export async function writeQemuImage(folder: string, busybox: string): Promise<QemuImage> {
  const qemu = findQemu();
  const files = new Map<string, string>([
    ["usr/bin/qemu-system-x86_64", qemu],
    [SHELL, busybox],
  ]);
  for (const path of await libraries(qemu)) files.set(path.slice(1), path);
  for (const [name, path] of await firmware(qemu)) files.set(`usr/share/qemu/${name}`, path);
  for (const path of await modules(qemu)) files.set(path.slice(1), path);
  const entries: LayerEntry[] = [];
  // Engines give what they mount there its permissions.
  entries.push({ name: "tmp/", owner: ROOT, mode: 0o1777 });
  for (const name of ["machine/", ...foldersOf([...files.keys()])]) entries.push({ name, owner: ROOT });
  for (const [name, path] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    entries.push({ name, source: await realpath(path), owner: ROOT, mode: 0o555 });
  }
  const digest = await writeOciLayout(join(folder, LAYOUT), {
    tag: TAG,
    layers: [entries],
    config: { Env: ["PATH=/usr/bin:/bin"], WorkingDir: "/machine" },
  });
  return { folder: LAYOUT, tag: TAG, digest, shell: [`/${SHELL}`] };
}

async function libraries(executable: string): Promise<string[]> {
  return parseLdd(await runTool(requireTool("ldd"), [executable]));
}

async function firmware(qemu: string): Promise<[name: string, path: string][]> {
  const folders = (await runTool(qemu, ["-L", "help"])).split("\n").filter((line) => line.startsWith("/"));
  const found: [string, string][] = [];
  for (const name of FIRMWARE) {
    const paths = await Promise.all(
      folders.map((folder) => realpath(join(folder, name)).catch(() => undefined)),
    );
    const path = paths.find((each) => each !== undefined);
    if (path === undefined)
      throw new DocteurError("TOOL_MISSING", `QEMU has no ${name} in ${folders.join(" or ")}`);
    found.push([name, path]);
  }
  return found;
}

/** The modules of accelerators, beside the libraries of QEMU's prefix. */
async function modules(qemu: string): Promise<string[]> {
  const prefix = dirname(dirname(await realpath(qemu)));
  for (const folder of [
    join(prefix, "lib/x86_64-linux-gnu/qemu"),
    join(prefix, "lib/qemu"),
    join(prefix, "lib64/qemu"),
  ]) {
    const names = (await readdir(folder).catch(() => [])).filter((name) => MODULES.test(name));
    if (names.length > 0) return names.map((name) => join(folder, name));
  }
  return [];
}

/** All folders of these paths, each before what is in it. */
function foldersOf(paths: readonly string[]): string[] {
  const folders = new Set<string>();
  for (const path of paths) {
    const parts = path.split("/").slice(0, -1);
    for (let length = 1; length <= parts.length; length++)
      folders.add(`${parts.slice(0, length).join("/")}/`);
  }
  return [...folders].sort();
}
