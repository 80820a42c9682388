import { chmodSync, existsSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { DocteurError } from "../../reader/errors.ts";
import { cachePath, isPrivate, whyNotOwn } from "./cache-owner.ts";

/** Folders that this user alone owns. Nobody else can change that. */
const own = new Set<string>();

/**
 * The folder of everything that is made or fetched once: `$XDG_CACHE_HOME/docteur`, by default
 * `~/.cache/docteur`. It need not be there.
 * @throws {DocteurError} `CACHE_UNSAFE`, if another user can write there: docteur runs what is in it.
 */
export function cacheFolder(): string {
  const folder = cachePath();
  if (own.has(folder)) return folder;
  requireOwn(folder);
  // Another user may make a missing folder first: it is checked again once it exists.
  if (!existsSync(folder)) return folder;
  if (!isPrivate(folder)) {
    // Others could enter it until now, and may have changed what they could write.
    for (const name of readdirSync(folder)) requireOwn(join(folder, name));
    chmodSync(folder, 0o700);
  }
  own.add(folder);
  return folder;
}

function requireOwn(folder: string): void {
  const why = whyNotOwn(folder);
  if (why === undefined) return;
  throw new DocteurError(
    "CACHE_UNSAFE",
    `the cache is not used: ${why}; set XDG_CACHE_HOME to a folder of your own`,
  );
}

/**
 * Makes the cache, private: others must neither put a kernel there that this user boots, nor read what is in
 * it.
 * @throws {DocteurError} `CACHE_UNSAFE`; errors of the file system.
 */
export function makeCacheFolder(): string {
  const folder = cachePath();
  makeFolders(folder);
  cacheFolder();
  chmodSync(folder, 0o700);
  return folder;
}

/** Node's own `recursive` never returns where the system answers ENOENT to every mkdir, as in /proc. */
export function makeFolders(folder: string): void {
  try {
    make(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT" || dirname(folder) === folder) throw error;
    makeFolders(dirname(folder));
    make(folder);
  }
}

function make(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST" || !statSync(folder).isDirectory()) throw error;
  }
}
