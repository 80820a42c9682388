import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { cacheFolder, writeCacheFile } from "../cache/cache.ts";

/** Milliseconds for which a machine whose template could not be taken is not tried again. */
const LIFETIME_MS = 24 * 60 * 60 * 1000;

const FILE = "no-template.json";

/**
 * Records that no template could be taken of a machine, so that not every run tries again. It replaces the
 * last record.
 */
export async function recordFailure(name: string, reason: string): Promise<void> {
  await writeCacheFile(FILE, `${JSON.stringify({ name, reason, since: Date.now() })}\n`);
}

/** Returns why no template could be taken of a machine lately; undefined if there is no such record. */
export async function findFailure(name: string): Promise<string | undefined> {
  const record = await read();
  return record?.name === name ? record.reason : undefined;
}

/** Deletes the record, of any machine. */
export async function clearFailure(): Promise<void> {
  await rm(join(cacheFolder(), FILE), { force: true });
}

async function read(): Promise<{ name: string; reason: string } | undefined> {
  try {
    const { name, reason, since } = JSON.parse(await readFile(join(cacheFolder(), FILE), "utf8"));
    return Date.now() - since < LIFETIME_MS ? { name, reason: String(reason) } : undefined;
  } catch {
    return undefined;
  }
}
