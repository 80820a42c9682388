import { createHash } from "node:crypto";
import { existsSync, readFileSync, statSync, utimesSync } from "node:fs";
import * as fs from "node:fs/promises";
import { join } from "node:path";
import { DocteurError } from "../../reader/errors.ts";
import { cacheFolder, putInPlace, removeCached } from "../cache/cache.ts";
import { memoryPath, PREFIX, statePath } from "./template.ts";

/** So many templates are kept, those used last. */
export const MAX_TEMPLATES = 8;

/** Bytes that they may take together, as the disk counts them. */
export const MAX_BYTES = 2 * 1024 ** 3;

/** A template that is in the cache. */
export interface ShelvedTemplate {
  /** Its name in the cache. */
  readonly name: string;
  /** What machine it is, in words. */
  readonly description: string;
  /** Bytes on the disk. */
  readonly bytes: number;
  readonly used: Date;
}

/** What a template is known to be, written when all of it is on the disk. */
interface Manifest {
  readonly description: string;
  /** SHA-256 of the state. */
  readonly state: string;
  /** The memory is too much to be read each time: its length, and when it was written last, in nanoseconds. */
  readonly memory: { readonly size: number; readonly written: string };
}

const manifestPath = (folder: string) => join(folder, "template.json");

/**
 * Puts a template that was just taken into the cache, from where runs restore it, and removes those that are too many then.
 * @param replaces whether one of this name that is there does not serve.
 * @throws {DocteurError} `CACHE_FULL`, `CACHE_UNWRITABLE`.
 */
export async function shelve(
  folder: string,
  name: string,
  description: string,
  replaces = false,
): Promise<void> {
  // Only now is it sure when the memory was written last.
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
  await prune(MAX_TEMPLATES, MAX_BYTES);
}

/**
 * Gives the folder of a template and notes that it is used; undefined if there is none.
 * @throws {DocteurError} `TEMPLATE_DAMAGED`, if it is not what it was when it was taken.
 */
export function find(name: string): string | undefined {
  const folder = join(cacheFolder(), name);
  if (!existsSync(folder)) return undefined;
  try {
    const manifest: Manifest = JSON.parse(readFileSync(manifestPath(folder), "utf8"));
    const { size, written } = measure(memoryPath(folder));
    const whole =
      sha256(statePath(folder)) === manifest.state &&
      size === manifest.memory.size &&
      written === manifest.memory.written;
    if (!whole) throw new Error("it was changed");
    const now = new Date();
    utimesSync(manifestPath(folder), now, now);
    return folder;
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new DocteurError("TEMPLATE_DAMAGED", `the template is damaged: ${code ?? message}`, { cause });
  }
}

/** Every template in the cache, the one used last first. */
export async function list(): Promise<ShelvedTemplate[]> {
  const names = await fs.readdir(cacheFolder()).catch(() => []);
  const templates = await Promise.all(names.filter((name) => name.startsWith(PREFIX)).map(describe));
  return templates
    .filter((template) => template !== undefined)
    .sort((a, b) => b.used.getTime() - a.used.getTime() || (a.name < b.name ? -1 : 1));
}

/**
 * Removes templates, those that were not used for longest first, until the rest are within bounds. Machines that run from
 * one go on.
 *
 * @returns those that are gone.
 */
export async function prune(count: number, bytes = Number.POSITIVE_INFINITY): Promise<ShelvedTemplate[]> {
  const gone: ShelvedTemplate[] = [];
  let total = 0;
  for (const [index, template] of (await list()).entries()) {
    total += template.bytes;
    if (index < count && total <= bytes) continue;
    await removeCached(template.name);
    gone.push(template);
  }
  return gone;
}

async function describe(name: string): Promise<ShelvedTemplate | undefined> {
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
    const there = await fs.stat(folder).catch(() => undefined);
    return there && { name, description: "damaged", bytes, used: there.mtime };
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
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}
