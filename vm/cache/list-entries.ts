import * as fs from "node:fs/promises";
import { join } from "node:path";
import { BLOCKS } from "../../remote/cache/layout.ts";
import { cacheFolder, removeCached } from "./cache.ts";

/** A part of the machine, a template, or a note, that the cache keeps. */
export interface CacheEntry {
  readonly name: string;
  /** Bytes on the disk. */
  readonly bytes: number;
  /** When it was last used, or made. */
  readonly used: Date;
}

/** `st_blocks` is in units of 512 bytes (stat(2)). */
const STAT_BLOCK = 512;

/** What is in the cache beside blocks of images, the last used first. @throws {DocteurError} `CACHE_UNSAFE`. */
export async function listCacheEntries(): Promise<CacheEntry[]> {
  const root = cacheFolder();
  const names = await fs.readdir(root).catch(() => []);
  const entries = await Promise.all(
    names
      .filter((name) => name !== BLOCKS)
      .map(async (name) => {
        const stats = await fs.lstat(join(root, name)).catch(() => undefined);
        return stats && { name, bytes: await bytesOf(join(root, name)), used: stats.mtime };
      }),
  );
  return entries.filter((entry) => entry !== undefined).sort((a, b) => b.used.getTime() - a.used.getTime());
}

/**
 * Removes all of them. What a run has open stays until it ends; the next one makes what it needs.
 * @throws {DocteurError} `CACHE_UNSAFE`, `CACHE_UNWRITABLE`.
 */
export async function removeCacheEntries(): Promise<CacheEntry[]> {
  // What is being made has a temporary name, and an owner.
  const entries = (await listCacheEntries()).filter(({ name }) => !name.startsWith("tmp-"));
  for (const { name } of entries) await removeCached(name);
  return entries;
}

async function bytesOf(path: string): Promise<number> {
  const stats = await fs.lstat(path).catch(() => undefined);
  if (stats === undefined) return 0;
  let bytes = stats.blocks * STAT_BLOCK;
  if (!stats.isDirectory()) return bytes;
  for (const name of await fs.readdir(path).catch(() => [])) bytes += await bytesOf(join(path, name));
  return bytes;
}
