import { existsSync, readFileSync, statSync, utimesSync } from "node:fs";
import * as fs from "node:fs/promises";
import { join } from "node:path";
import { DocteurError } from "../../reader/errors.ts";
import { cacheFolder, putInPlace, removeCached } from "../cache/cache.ts";
import { crypto } from "../crypto.ts";
import { memoryPath, PREFIX, statePath } from "./template.ts";

/** At most this many templates are kept, those used last. */
export const MAX_TEMPLATES = 8;

/** Bytes of disk that all templates together may take. */
export const MAX_BYTES = 2 * 1024 ** 3;

/** A template in the cache. */
export interface StoredTemplate {
  /** Its name in the cache. */
  readonly name: string;
  /** The machine, in words. */
  readonly description: string;
  /** Bytes on the disk. */
  readonly bytes: number;
  readonly used: Date;
}

/** Describes a template. It is written when all of the template is on the disk. */
interface Manifest {
  readonly description: string;
  /** SHA-256 of the state. */
  readonly state: string;
  /**
   * The memory is too large to hash at each start: its length, and when it was last written, in nanoseconds.
   */
  readonly memory: { readonly size: number; readonly written: string };
}

const manifestPath = (folder: string) => join(folder, "template.json");

/**
 * Saves a template that was just taken, and removes those beyond the bounds.
 * @param folder where it was taken; the store moves it.
 * @param replaces whether it replaces one of the same name, which is damaged.
 * @throws {DocteurError} `CACHE_FULL`, `CACHE_UNWRITABLE`.
 */
export async function saveTemplate(
  folder: string,
  name: string,
  description: string,
  replaces = false,
): Promise<void> {
  // The kernel may set the time of the last write only now.
  const memory = await fs.open(memoryPath(folder), "r+");
  await memory.sync().finally(() => memory.close());
  const manifest: Manifest = {
    description,
    state: sha256(statePath(folder)),
    memory: measure(memoryPath(folder)),
  };
  await fs.writeFile(manifestPath(folder), JSON.stringify(manifest));
  if (replaces) await removeCached(name);
  await putInPlace(folder, name);
  await pruneTemplates(MAX_TEMPLATES, MAX_BYTES);
}

/**
 * Returns the folder of a template, and records that it is used; undefined if there is none.
 * @throws {DocteurError} `TEMPLATE_DAMAGED`, if it differs from what was saved.
 */
export function loadTemplate(name: string): string | undefined {
  const folder = join(cacheFolder(), name);
  if (!existsSync(folder)) return undefined;
  try {
    const manifest: Manifest = JSON.parse(readFileSync(manifestPath(folder), "utf8"));
    const { size, written } = measure(memoryPath(folder));
    const isIntact =
      sha256(statePath(folder)) === manifest.state &&
      size === manifest.memory.size &&
      written === manifest.memory.written;
    if (!isIntact) throw new Error("its files have changed");
    const now = new Date();
    utimesSync(manifestPath(folder), now, now);
    return folder;
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new DocteurError("TEMPLATE_DAMAGED", `the template is damaged: ${code ?? message}`, { cause });
  }
}

/** Returns every template in the cache, the one used last first. */
export async function listTemplates(): Promise<StoredTemplate[]> {
  const names = await fs.readdir(cacheFolder()).catch(() => []);
  const templates = await Promise.all(names.filter((name) => name.startsWith(PREFIX)).map(describe));
  return templates
    .filter((template) => template !== undefined)
    .sort((a, b) => b.used.getTime() - a.used.getTime() || (a.name < b.name ? -1 : 1));
}

/**
 * Removes the templates that were not used for longest, until the rest are within bounds. Machines that were
 * started from one run on.
 *
 * @returns those that it removed.
 */
export async function pruneTemplates(
  count: number,
  bytes = Number.POSITIVE_INFINITY,
): Promise<StoredTemplate[]> {
  const removed: StoredTemplate[] = [];
  let total = 0;
  for (const [index, template] of (await listTemplates()).entries()) {
    total += template.bytes;
    if (index < count && total <= bytes) continue;
    await removeCached(template.name);
    removed.push(template);
  }
  return removed;
}

async function describe(name: string): Promise<StoredTemplate | undefined> {
  const folder = join(cacheFolder(), name);
  const sizes = await Promise.all(
    (await fs.readdir(folder).catch(() => [])).map((file) => blocks(join(folder, file))),
  );
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  try {
    const used = (await fs.stat(manifestPath(folder))).mtime;
    const { description } = JSON.parse(await fs.readFile(manifestPath(folder), "utf8")) as Manifest;
    return { name, description, bytes, used };
  } catch {
    const stats = await fs.stat(folder).catch(() => undefined);
    return stats && { name, description: "damaged", bytes, used: stats.mtime };
  }
}

async function blocks(path: string): Promise<number> {
  return fs.stat(path).then(
    (stats) => stats.blocks * 512,
    () => 0,
  );
}

function measure(path: string): Manifest["memory"] {
  const { size, mtimeNs } = statSync(path, { bigint: true });
  return { size: Number(size), written: String(mtimeNs) };
}

function sha256(path: string): string {
  return crypto().createHash("sha256").update(readFileSync(path)).digest("hex");
}
