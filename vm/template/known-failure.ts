import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { cacheFolder, writeCacheFile } from "../cache/cache.ts";

/** For how long a machine that could not be made a template is not tried again, in milliseconds. */
const PAUSE_MS = 24 * 60 * 60 * 1000;

const FILE = "no-template.json";

/** Remembers that no template could be taken, so that not every run pays for trying. */
export async function remember(name: string, reason: string): Promise<void> {
  await writeCacheFile(FILE, `${JSON.stringify({ name, reason, since: Date.now() })}\n`);
}

/** Why none could be taken of this machine; undefined if nothing is known against it. */
export async function reasonAgainst(name: string): Promise<string | undefined> {
  const known = await read();
  return known?.name === name ? known.reason : undefined;
}

/** Forgets it. */
export async function forget(): Promise<void> {
  await rm(join(cacheFolder(), FILE), { force: true });
}

async function read(): Promise<{ name: string; reason: string } | undefined> {
  try {
    const { name, reason, since } = JSON.parse(await readFile(join(cacheFolder(), FILE), "utf8"));
    return Date.now() - since < PAUSE_MS ? { name, reason: String(reason) } : undefined;
  } catch {
    return undefined;
  }
}
