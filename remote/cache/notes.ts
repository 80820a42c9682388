import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { processName } from "../../reader/process-name.ts";
import { makeCacheFolder } from "./cache-folder.ts";
import { BLOCKS, NOTES } from "./layout.ts";

/** Notes that are kept; those that were written longest ago make way. */
const MOST = 1024;

/** Bytes of a note at most. */
const LONGEST = 4096;

/** What is known of addresses, for later: a short text for each. All failures are silent: it is only a cache. */
export interface Notes {
  /** The last text; undefined if there is none, or it is not as it was put. */
  get(name: string): string | undefined;
  /** @param name may have secrets in it. @param text must have none; at most 4,000 bytes. */
  put(name: string, text: string): void;
  drop(name: string): void;
}

/** Notes in files, `blocks/notes/HASH`, for all processes of this user. */
export function openNotes(): Notes {
  const path = (name: string) =>
    join(makeCacheFolder(), BLOCKS, NOTES, createHash("sha256").update(name).digest("hex").slice(0, 32));
  return {
    get: (name) => unlessFails(() => decode(name, readFileSync(path(name)))),
    put: (name, text) => unlessFails(() => write(path(name), encode(name, text))),
    drop: (name) => unlessFails(() => rmSync(path(name), { force: true })),
  };
}

/** Removes all notes but the newest. @param folder of blocks. @throws errors of the file system. */
export function pruneNotes(folder: string, most = MOST): void {
  const notes = join(folder, NOTES);
  const files = (unlessFails(() => readdirSync(notes)) ?? []).map((name) => join(notes, name));
  if (files.length <= most) return;
  const written = (file: string) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const byAge = files.map((file) => ({ file, at: written(file) })).sort((a, b) => b.at - a.at);
  for (const { file } of byAge.slice(most)) rmSync(file, { force: true });
}

/** The text behind a checksum of itself and of whose it is: a file may be half written, or hit by a fault. */
function encode(name: string, text: string): Buffer {
  return Buffer.from(`${checksum(name, text)}\n${text}`);
}

function decode(name: string, file: Buffer): string | undefined {
  const at = file.indexOf("\n");
  const text = file.toString("utf8", at + 1);
  return file.length <= LONGEST && file.toString("utf8", 0, at) === checksum(name, text) ? text : undefined;
}

function checksum(name: string, text: string): string {
  return createHash("sha256").update(`${name.length} ${name}${text}`).digest("hex").slice(0, 32);
}

function write(path: string, bytes: Buffer): void {
  mkdirSync(join(path, ".."), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${processName()}`;
  try {
    writeFileSync(temporary, bytes, { mode: 0o600 });
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

function unlessFails<Result>(work: () => Result): Result | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
