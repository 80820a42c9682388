import * as fs from "node:fs/promises";
import { join } from "node:path";
import { cacheFolder, keyOf, writeCacheFile } from "../cache/cache.ts";
import { crypto } from "../crypto.ts";

const PREFIX = "checked-";

/** The cache has this many programs at most, those checked last. */
const MAX_PROGRAMS = 64;

/** The files that a successful check has read. */
interface PassedCheck {
  readonly files: readonly string[];
  /** The hash of their paths and contents. */
  readonly digest: string;
}

/**
 * Whether a program has passed a check, and none of the files that the check has read has changed since.
 * @param key identifies the program and the type checker.
 */
export async function hasPassed(key: readonly string[]): Promise<boolean> {
  try {
    const { files, digest }: PassedCheck = JSON.parse(await fs.readFile(pathOf(key), "utf8"));
    return (await digestOf(files)) === digest;
  } catch {
    // There is no record, or a file is missing.
    return false;
  }
}

/** Records that a program has passed a check that has read these files; nothing if the cache is read-only. */
export async function recordPass(key: readonly string[], files: readonly string[]): Promise<void> {
  try {
    const record: PassedCheck = { files, digest: await digestOf(files) };
    await writeCacheFile(nameOf(key), JSON.stringify(record));
    await removeOldest();
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
  const hash = crypto().createHash("sha256");
  for (const [index, content] of contents.entries())
    hash.update(`${files[index]}\0${content.length}\0`).update(content);
  return hash.digest("hex");
}

async function removeOldest(): Promise<void> {
  const names = (await fs.readdir(cacheFolder())).filter((name) => name.startsWith(PREFIX));
  if (names.length <= MAX_PROGRAMS) return;
  const paths = names.map((name) => join(cacheFolder(), name));
  const times = await Promise.all(paths.map(async (path) => ({ path, time: (await fs.stat(path)).mtimeMs })));
  const oldest = times.sort((a, b) => b.time - a.time).slice(MAX_PROGRAMS);
  for (const { path } of oldest) await fs.rm(path, { force: true });
}
