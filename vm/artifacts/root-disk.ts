import { existsSync } from "node:fs";
import { copyFile, mkdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { cached, cacheFolder, keyOf } from "../cache/cache.ts";
import { pinnedNode } from "../package-root.ts";
import { requireTool, runTool } from "../tools.ts";
import { fingerprint } from "./fingerprint.ts";

/** Raised when what is on the disk changes. */
const VERSION = "1";

/** Folders on which the init script mounts something. */
const MOUNT_POINTS = ["dev", "proc", "sys", "guest"];

/**
 * The machine's root disk: an EROFS file system with Node and the C libraries that it needs, and nothing else. The guest's
 * program is not on it, so that it stays good when that changes.
 *
 * @throws {DocteurError} `NO_NODE`, `TOOL_MISSING`, `TOOL_FAILED`; those of `cached`.
 */
export async function getRootDisk(note: (line: string) => void): Promise<string> {
  const folder = await cached(entryName(), async (folder) => {
    note("making the root disk (once)");
    await makeRootDisk(pinnedNode(), folder);
  });
  return join(folder, "root.erofs");
}

/** Whether it is made already. */
export function isRootDiskCached(): boolean {
  return existsSync(join(cacheFolder(), entryName()));
}

function entryName(): string {
  return `root-disk-${keyOf(VERSION, fingerprint(pinnedNode()))}`;
}

async function makeRootDisk(node: string, folder: string): Promise<void> {
  const mkfs = requireTool("mkfs.erofs");
  const root = join(folder, "root");
  for (const mountPoint of MOUNT_POINTS) await mkdir(join(root, mountPoint), { recursive: true });
  await copyInto(root, node, "/bin/node");
  for (const library of await libraries(node)) await copyInto(root, library, library);
  // Fixed times, owner and id: the same Node gives the same disk. No compression: decompressing costs the guest
  // more than reading does.
  const fixed = ["-T0", "-U00000000-0000-0000-0000-000000000000", "--all-root", "-x-1", "--quiet"];
  await runTool(mkfs, [...fixed, join(folder, "root.erofs"), root]);
  await rm(root, { recursive: true });
}

async function copyInto(root: string, from: string, path: string): Promise<void> {
  const to = join(root, path);
  await mkdir(dirname(to), { recursive: true });
  await copyFile(from, to);
}

/** The shared libraries and the dynamic linker of an executable, where it will look for them. */
async function libraries(executable: string): Promise<string[]> {
  const listing = await runTool(requireTool("ldd"), [executable]);
  return parseLdd(listing);
}

/** The absolute paths in what ldd(1) prints: `name => path (address)`, or `path (address)` for the linker. */
export function parseLdd(listing: string): string[] {
  const paths = listing.split("\n").map((line) => /(?:=>)?\s+(\/\S+) \(0x[0-9a-f]+\)$/.exec(line)?.[1]);
  return [...new Set(paths.filter((path) => path !== undefined))];
}
