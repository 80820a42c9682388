import { randomBytes } from "node:crypto";
import type { Stats } from "node:fs";
import { lstat, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { hasEnded, PROCESS_NAME, processName } from "../reader/process-name.ts";

/** The owner of a temporary file or folder, and what distinguishes it from others of the same process. */
const OWNER = `(?<owner>${PROCESS_NAME})-[0-9a-f]{12}`;
const IMAGE = new RegExp(`^\\..*\\.docteur-${OWNER}\\.tmp$`, "s");
const FOLDER = new RegExp(`^docteur-make-${OWNER}$`);

/** Bytes of the image's name that its temporary file's has: a name has at most 255. */
const SHOWN = 100;

/** The name of a new temporary file beside the image of this name. */
export function temporaryImageName(image: string): string {
  const start = Buffer.from(image)
    .subarray(0, SHOWN)
    .toString("utf8")
    .replace(/\ufffd+$/, "");
  return `.${start}.docteur-${owner()}.tmp`;
}

/** Whether something is, by its name and kind, a temporary image or folder of this or any other make. */
export function isTemporary(name: string, stats: Stats): boolean {
  return (stats.isFile() && IMAGE.test(name)) || (stats.isDirectory() && FOLDER.test(name));
}

/** The name of a new temporary folder. */
export function temporaryFolderName(): string {
  return `docteur-make-${owner()}`;
}

function owner(): string {
  return `${processName()}-${randomBytes(6).toString("hex")}`;
}

/** Removes from a folder the temporary images of makes that were killed; see `removeLeftovers`. */
export async function removeLeftImages(folder: string): Promise<void> {
  await removeLeftovers(folder, IMAGE, "isFile");
}

/** Removes from a folder the temporary folders of makes that were killed; see `removeLeftovers`. */
export async function removeLeftFolders(folder: string): Promise<void> {
  await removeLeftovers(folder, FOLDER, "isDirectory");
}

/**
 * Removes what has such a name, is this user's, of the right kind and no link, and whose process has ended.
 * What cannot be removed stays: a later make tries again.
 */
async function removeLeftovers(
  folder: string,
  pattern: RegExp,
  isKind: "isFile" | "isDirectory",
): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names) {
    const owner = pattern.exec(name)?.groups?.owner;
    if (owner === undefined) continue;
    const path = join(folder, name);
    const stats = await lstat(path).catch(() => undefined);
    if (stats === undefined || !stats[isKind]() || stats.uid !== process.geteuid?.()) continue;
    if (!hasEnded(owner, stats.mtimeMs)) continue;
    // A git that the killed one had started may be about to end.
    await rm(path, { recursive: true, force: true, maxRetries: 3, retryDelay: 50 }).catch(() => {});
  }
}
