import { createHash } from "node:crypto";
import * as fs from "node:fs/promises";
import { join } from "node:path";
import { cacheFolder, keyOf, writeCacheFile } from "../cache/cache.ts";

const PREFIX = "checked-";

/** So many programs are remembered, those checked last. */
const MAX_PROGRAMS = 64;

/** What was looked at when a program's types were found good. */
interface Memory {
  readonly files: readonly string[];
  /** The hash of their contents. */
  readonly digest: string;
}

/**
 * Whether a program was found good and none of the files that were looked at then has changed.
 * @param key tells the program, and what checked it.
 */
export async function isRemembered(key: readonly string[]): Promise<boolean> {
  try {
    const { files, digest }: Memory = JSON.parse(await fs.readFile(pathOf(key), "utf8"));
    return (await digestOf(files)) === digest;
  } catch {
    // Nothing was remembered, or a file is gone.
    return false;
  }
}

/** Remembers that a program is good as long as these files stay as they are. A cache that cannot be written remembers nothing. */
export async function remember(key: readonly string[], files: readonly string[]): Promise<void> {
  try {
    const memory: Memory = { files, digest: await digestOf(files) };
    await writeCacheFile(nameOf(key), JSON.stringify(memory));
    await forgetOldest();
  } catch {
    // The next run checks again.
  }
}

function nameOf(key: readonly string[]): string {
  return `${PREFIX}${keyOf(...key)}.json`;
}

function pathOf(key: readonly string[]): string {
  return join(cacheFolder(), nameOf(key));
}

async function digestOf(files: readonly string[]): Promise<string> {
  const contents = await Promise.all(files.map((file) => fs.readFile(file)));
  const hash = createHash("sha256");
  for (const [index, content] of contents.entries())
    hash.update(`${files[index]}\0${content.length}\0`).update(content);
  return hash.digest("hex");
}

async function forgetOldest(): Promise<void> {
  const names = (await fs.readdir(cacheFolder())).filter((name) => name.startsWith(PREFIX));
  if (names.length <= MAX_PROGRAMS) return;
  const paths = names.map((name) => join(cacheFolder(), name));
  const times = await Promise.all(paths.map(async (path) => ({ path, time: (await fs.stat(path)).mtimeMs })));
  const oldest = times.sort((a, b) => b.time - a.time).slice(MAX_PROGRAMS);
  for (const { path } of oldest) await fs.rm(path, { force: true });
}
