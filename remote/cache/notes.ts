import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { processName } from "../../reader/process-name.ts";
import { BLOCK_SIZE, type BlockCache } from "../block-cache.ts";
import type { Source } from "../source.ts";
import { makeCacheFolder } from "./cache-folder.ts";
import { Claims } from "./claims.ts";
import { BLOCKS, NOTES } from "./layout.ts";

/** Notes that are kept; those that were written longest ago make way. */
const MOST = 1024;

/** Bytes of a note at most. */
const LONGEST = 4096;

/** Milliseconds between two looks whether another process has opened an address: the first, and the longest. */
const LOOK = { first: 2, longest: 50 } as const;

/** Milliseconds to wait for that: a network that is slow is so for all. */
const PATIENCE = 30_000;

/** What has been opened, and what to note of it; nothing if it is not to be known later. */
interface Opened {
  readonly source: Source;
  readonly note: string | undefined;
}

/**
 * What is known of addresses, for later: a short text for each, in a file `blocks/notes/HASH`, for all
 * processes of this user. All failures are silent: it is only a cache.
 */
export class Notes {
  readonly #claims = new Claims();
  readonly #blocks: BlockCache;

  /** @param blocks gets the first ones of what is opened. */
  constructor(blocks: BlockCache) {
    this.#blocks = blocks;
  }

  /** The last text; undefined if there is none, or it is not as it was put. @param name may have secrets in it. */
  get(name: string): string | undefined {
    return unlessFails(() => decode(name, readFileSync(path(name))));
  }

  drop(name: string): void {
    unlessFails(() => rmSync(path(name), { force: true }));
  }

  /**
   * Opens a source by its note, or opens it anew and makes one. Of several processes that have no note, one opens
   * the source, and the others wait for its note, 30 seconds at most.
   *
   * @param byNote returns undefined if the note is of no use. @param anew returns a note without secrets, of at
   * most 4,000 bytes.
   * @throws what they throw; the signal's reason.
   */
  async openInTurn(
    name: string,
    byNote: (note: string) => Source | undefined,
    anew: () => Promise<Opened>,
    signal?: AbortSignal,
  ): Promise<Source> {
    const tryNote = () => {
      const note = this.get(name);
      return note === undefined ? undefined : byNote(note);
    };
    const known = tryNote();
    if (known !== undefined) return known;
    const open = async () => {
      const { source, note } = await anew();
      if (note === undefined) this.drop(name);
      else {
        // Who finds the note wants them next.
        await this.#keepStart(source);
        if (note !== this.get(name)) unlessFails(() => write(path(name), encode(name, note)));
      }
      return source;
    };
    const claim = unlessFails(() => `${path(name)}.claim`);
    // With a note of an earlier version, opening takes little: there is nothing to wait for.
    if (claim === undefined || this.get(name) !== undefined) return await open();
    unlessFails(() => makeFolder(claim));
    const patience = Date.now() + PATIENCE;
    for (
      let pause: number = LOOK.first;
      !this.#claims.take(claim);
      pause = Math.min(LOOK.longest, 2 * pause)
    ) {
      await delay(pause, undefined, { signal }).catch(() => signal?.throwIfAborted());
      const found = tryNote();
      if (found !== undefined) return found;
      if (this.get(name) !== undefined || Date.now() > patience) return await open();
    }
    try {
      return tryNote() ?? (await open());
    } finally {
      this.#claims.release(claim);
    }
  }

  async #keepStart({ key, start, size, display }: Source): Promise<void> {
    this.#blocks.describe(key, display, size);
    for (let at = 0; at < start.length; at += BLOCK_SIZE) {
      const bytes = start.slice(at, Math.min(at + BLOCK_SIZE, size));
      if (bytes.length < BLOCK_SIZE && at + bytes.length < size) return;
      await this.#blocks.put(key, at / BLOCK_SIZE, bytes);
    }
  }
}

/** @throws {DocteurError} there can be no cache. */
function path(name: string): string {
  const hash = createHash("sha256").update(name).digest("hex").slice(0, 32);
  return join(makeCacheFolder(), BLOCKS, NOTES, hash);
}

function makeFolder(file: string): void {
  mkdirSync(join(file, ".."), { recursive: true, mode: 0o700 });
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
  makeFolder(path);
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
