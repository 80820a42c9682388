import { existsSync } from "node:fs";
import { chmod, copyFile, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { cached, cacheFolder, keyOf } from "../cache/cache.ts";
import { pinnedNode } from "../package-root.ts";
import { requireTool, runTool } from "../tools.ts";
import { fingerprint } from "./fingerprint.ts";
import { getStandaloneBundle, makeSnapshot, SNAPSHOT_PATH } from "./snapshot.ts";

/** Raised when the content of the disk changes. */
const VERSION = "3";

/** Folders on which the init script mounts something. */
const MOUNT_POINTS = ["dev", "proc", "sys", "guest"];

/** Names that a machine knows, `localhost` alone: a program may listen at it. No server of names is asked. */
const NAMES = {
  "etc/hosts": "127.0.0.1 localhost\n::1 localhost\n",
  "etc/nsswitch.conf": "hosts: files\n",
};

/**
 * Returns the path of the machine's root disk: an EROFS file system with Node and its C libraries. The
 * guest's program is not on it, and a change of the program needs no new disk.
 *
 * @throws {DocteurError} `NO_NODE`, `TOOL_MISSING`, `TOOL_FAILED`; those of `cached`.
 */
export async function getRootDisk(note: (line: string) => void): Promise<string> {
  return getDisk(entryName(), note);
}

/**
 * Returns the path of the root disk of a machine that a user or an engine starts: it has the guest's program, too, as a
 * startup snapshot.
 * @throws {DocteurError} those of `getRootDisk`.
 */
export async function getStandaloneRootDisk(note: (line: string) => void): Promise<string> {
  const program = await readFile(await getStandaloneBundle());
  const name = `standalone-root-disk-${keyOf(VERSION, fingerprint(pinnedNode()), program)}`;
  return getDisk(name, note, async (folder, root) => {
    await rename(await makeSnapshot(folder), join(root, SNAPSHOT_PATH));
  });
}

async function getDisk(
  name: string,
  note: (line: string) => void,
  addTo?: (folder: string, root: string) => Promise<void>,
): Promise<string> {
  const folder = await cached(name, async (folder) => {
    note("making the root disk (once)");
    const root = join(folder, "root");
    await mkdir(root);
    await addTo?.(folder, root);
    await makeRootDisk(pinnedNode(), folder, root);
  });
  return join(folder, "root.erofs");
}

/** Whether the cache has the root disk. */
export function isRootDiskCached(): boolean {
  return existsSync(join(cacheFolder(), entryName()));
}

function entryName(): string {
  return `root-disk-${keyOf(VERSION, fingerprint(pinnedNode()))}`;
}

async function makeRootDisk(node: string, folder: string, root: string): Promise<void> {
  const mkfs = requireTool("mkfs.erofs");
  for (const mountPoint of MOUNT_POINTS) await mkdir(join(root, mountPoint), { recursive: true });
  await copyInto(root, node, "/bin/node");
  for (const library of await libraries(node)) await copyInto(root, library, library);
  await mkdir(join(root, "etc"));
  for (const [path, text] of Object.entries(NAMES)) await writeFile(join(root, path), text);
  await setModes(root);
  // Fixed times, owner and id: the same Node gives the same disk. No compression: it costs the guest more
  // than reading.
  const fixed = ["-T0", "-U00000000-0000-0000-0000-000000000000", "--all-root", "-x-1", "--quiet"];
  // It takes the time of this variable rather than that of -T.
  const env = { ...process.env, SOURCE_DATE_EPOCH: undefined };
  await runTool(mkfs, [...fixed, join(folder, "root.erofs"), root], { env });
  await rm(root, { recursive: true });
}

/** Gives all files and folders the permissions that do not depend on who makes the disk. */
async function setModes(root: string): Promise<void> {
  await chmod(root, 0o755);
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    await chmod(join(entry.parentPath, entry.name), 0o755);
  }
}

async function copyInto(root: string, from: string, path: string): Promise<void> {
  const to = join(root, path);
  await mkdir(dirname(to), { recursive: true });
  await copyFile(from, to);
}

/** Returns the paths of an executable's shared libraries and dynamic linker. */
async function libraries(executable: string): Promise<string[]> {
  const listing = await runTool(requireTool("ldd"), [executable]);
  return parseLdd(listing);
}

/**
 * Returns the absolute paths in the output of ldd(1): `name => path (address)`, or `path (address)` for the
 * linker.
 */
export function parseLdd(listing: string): string[] {
  const paths = listing.split("\n").map((line) => /(?:=>)?\s+(\/\S+) \(0x[0-9a-f]+\)$/.exec(line)?.[1]);
  return [...new Set(paths.filter((path) => path !== undefined))];
}
