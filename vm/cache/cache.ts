import { utimesSync } from "node:fs";
import * as fs from "node:fs/promises";
import { join } from "node:path";
import { DocteurError } from "../../reader/errors.ts";
import { cacheFolder, makeCacheFolder } from "../../remote/cache/cache-folder.ts";
import { crypto } from "../crypto.ts";
import { saysNoSpace } from "../tools.ts";
import { isOwnerGone, thisOwner } from "./entry-owner.ts";

export { cacheFolder };

const TEMPORARY = "tmp-";

/**
 * Of the entries of one kind, made from different sources, this many are kept, and those used within the
 * hour.
 */
const KEPT_OF_A_KIND = 4;
const HOUR_MS = 60 * 60 * 1000;

/** Returns a short hash of all parts. Different parts have different keys. */
export function keyOf(...parts: readonly (string | Uint8Array)[]): string {
  const hash = crypto().createHash("sha256");
  for (const part of parts) hash.update(`${part.length}:`).update(part);
  return hash.digest("hex").slice(0, 32);
}

/**
 * Returns the path of a cache entry, a folder, and makes it first if it is missing. It appears complete or
 * not at all. Of two processes that make the same entry at once, the first to finish wins, and both get its
 * result.
 *
 * @param name the kind of the entry, and the key of what it is made from.
 * @param make fills an empty folder.
 * @throws {DocteurError} `CACHE_UNSAFE`, `CACHE_FULL`, `CACHE_UNWRITABLE`; any error that `make` throws.
 */
export async function cached(name: string, make: (folder: string) => Promise<void>): Promise<string> {
  const root = cacheFolder();
  const folder = join(root, name);
  if (markUsed(folder)) return folder;
  const temporary = await makeTemporary();
  try {
    await make(temporary);
  } catch (error) {
    await fs.rm(temporary, { recursive: true, force: true });
    throw explain(error, root);
  }
  await putInPlace(temporary, name);
  await removeUnused(name);
  return folder;
}

/** Returns false if the entry is missing. */
function markUsed(folder: string): boolean {
  const now = new Date();
  try {
    utimesSync(folder, now, now);
    return true;
  } catch (error) {
    // A read-only cache can be used all the same.
    const { code } = error as NodeJS.ErrnoException;
    return code !== "ENOENT" && code !== "ENOTDIR";
  }
}

/** Removes old entries of the same kind as `name`, which earlier versions have made. */
async function removeUnused(name: string): Promise<void> {
  const kind = /^(.*-)[0-9a-f]{32}$/.exec(name)?.[1];
  if (kind === undefined) return;
  const root = cacheFolder();
  const others = (await fs.readdir(root)).filter((other) => /^[0-9a-f]{32}$/.test(other.slice(kind.length)));
  const known = await Promise.all(
    others
      .filter((other) => other.startsWith(kind))
      .map(async (other) => ({
        other,
        used: (await fs.stat(join(root, other)).catch(() => undefined))?.mtimeMs ?? 0,
      })),
  );
  const old = known.sort((a, b) => b.used - a.used).slice(KEPT_OF_A_KIND);
  for (const { other, used } of old) if (used < Date.now() - HOUR_MS) await removeCached(other);
}

/**
 * Makes an empty folder beside the entries, on the same file system. If this process is killed, a later one
 * removes it.
 * @throws {DocteurError} `CACHE_FULL`, `CACHE_UNWRITABLE`.
 */
export async function makeTemporary(): Promise<string> {
  const root = cacheFolder();
  const temporary = join(root, temporaryName());
  try {
    makeRoot(root);
    await removeLeftovers(root);
    await fs.mkdir(temporary, { mode: 0o700 });
  } catch (error) {
    throw explain(error, root);
  }
  return temporary;
}

/**
 * Renames such a folder to a cache entry, once its content is on the disk. If another process was first, this
 * folder is removed.
 * @throws {DocteurError} `CACHE_FULL`, `CACHE_UNWRITABLE`.
 */
export async function putInPlace(temporary: string, name: string): Promise<void> {
  const folder = join(cacheFolder(), name);
  try {
    await flush(temporary);
    await fs.rename(temporary, folder);
  } catch (error) {
    await fs.rm(temporary, { recursive: true, force: true });
    const { code } = error as NodeJS.ErrnoException;
    const anotherWasFirst = (code === "ENOTEMPTY" || code === "EEXIST") && (await exists(folder));
    if (!anotherWasFirst) throw explain(error, cacheFolder());
  }
}

/** Removes a cache entry. It disappears at once; processes that have its files open still read them. */
export async function removeCached(name: string): Promise<void> {
  const root = cacheFolder();
  const temporary = join(root, temporaryName());
  try {
    await fs.rename(join(root, name), temporary);
    await fs.rm(temporary, { recursive: true, force: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw explain(error, root);
  }
}

/** Writes a small file of the cache, completely or not at all. */
export async function writeCacheFile(name: string, content: string): Promise<void> {
  const root = cacheFolder();
  const temporary = join(root, temporaryName());
  try {
    makeRoot(root);
    await fs.writeFile(temporary, content, { mode: 0o600 });
    await fs.rename(temporary, join(root, name));
  } catch (error) {
    await fs.rm(temporary, { force: true });
    throw explain(error, root);
  }
}

/** Makes the cache. */
function makeRoot(root: string): void {
  try {
    makeCacheFolder();
  } catch (error) {
    throw error instanceof DocteurError || isNoSpace(error) ? error : unwritable(root, error);
  }
}

/** Writes all files to the disk: an entry is complete even after a power failure. */
async function flush(folder: string): Promise<void> {
  for (const entry of await fs.readdir(folder, { withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = await fs.open(join(folder, entry.name));
    await file.sync().finally(() => file.close());
  }
}

function temporaryName(): string {
  return `${TEMPORARY}${thisOwner()}-${crypto().randomBytes(6).toString("hex")}`;
}

/** Removes the folders that killed processes have left. */
async function removeLeftovers(root: string): Promise<void> {
  for (const name of await fs.readdir(root)) {
    if (!name.startsWith(TEMPORARY)) continue;
    const path = join(root, name);
    if (await isOwnerGone(name.slice(TEMPORARY.length), path)) {
      await fs.rm(path, { recursive: true, force: true });
    }
  }
}

function explain(error: unknown, root: string): unknown {
  if (isNoSpace(error)) {
    return new DocteurError("CACHE_FULL", `${root}: no space is left for the cache`, { cause: error });
  }
  const { code } = error as NodeJS.ErrnoException;
  return code === "EACCES" || code === "EROFS" || code === "EPERM" ? unwritable(root, error) : error;
}

function isNoSpace(error: unknown): boolean {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === "ENOSPC" || code === "EDQUOT" || saysNoSpace(message);
}

function unwritable(root: string, cause: unknown): DocteurError {
  const { code, message } = cause as NodeJS.ErrnoException;
  return new DocteurError(
    "CACHE_UNWRITABLE",
    `${root}: the cache cannot be written (${code ?? message}); XDG_CACHE_HOME names another folder`,
    { cause },
  );
}

async function exists(path: string): Promise<boolean> {
  return fs.access(path).then(
    () => true,
    () => false,
  );
}
