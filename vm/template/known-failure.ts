import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { cacheFolder, writeCacheFile } from "../cache.ts";

/** For how long a machine that could not be made a template is not tried again, in milliseconds. */
const PAUSE_MS = 24 * 60 * 60 * 1000;

const FILE = "no-template.json";

/** Remembers that no template could be taken, so that not every run pays for trying. */
export async function remember(name: string, reason: string): Promise<void> {
  await writeCacheFile(FILE, `${JSON.stringify({ name, reason, since: Date.now() })}\n`);
}

/** Why none could be taken; undefined if nothing is known against it. */
export async function reasonAgainst(name: string): Promise<string | undefined> {
  try {
    const known = JSON.parse(await readFile(join(cacheFolder(), FILE), "utf8"));
    return known.name === name && Date.now() - known.since < PAUSE_MS ? String(known.reason) : undefined;
  } catch {
    return undefined;
  }
}

/** Forgets it. */
export async function forget(): Promise<void> {
  await rm(join(cacheFolder(), FILE), { force: true });
}
