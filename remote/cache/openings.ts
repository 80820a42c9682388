import { lstatSync, mkdirSync, readdirSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { processName } from "../../reader/process-name.ts";
import type { BlockCache } from "../block-cache.ts";
import { makeCacheFolder } from "./cache-folder.ts";
import { Claims, LOOK } from "./claims.ts";
import { BLOCKS, OPENINGS } from "./layout.ts";
import { textOf } from "./text-of.ts";

/** Records that are kept; when there are more, the older half goes. */
const MOST = 1024;

/** Bytes of a record. */
const LARGEST = 64 * 1024;

/** Milliseconds from which on the time of the last use is stale. */
const USED_MS = 60 * 60 * 1000;

/** Milliseconds to wait for another process that opens the same. */
const PATIENCE = 10_000;

/** How one opening does for several processes. */
export interface SharedOpening<Opened> {
  /** Finds what an opening has left that does here, too. */
  readonly find: () => Promise<Opened | undefined>;
  /** Opens the image, and leaves what others may find. */
  readonly open: () => Promise<Opened>;
  /** Seconds to wait for another process, if fewer than 10. */
  readonly deadline?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * What openings have learned, for later ones and for other processes of this user: `blocks/openings/NAME` in the
 * cache's folder, JSON in files that appear complete or not at all. A name is 64 hexadecimal digits. No
 * record holds a secret. All failures to keep or find one are silent: it is only a cache.
 */
export class Openings {
  /** Where the first block of what is opened must be, for those who find a record of it. */
  readonly blocks: BlockCache;
  readonly #folder: string;
  readonly #claims = new Claims();

  private constructor(folder: string, blocks: BlockCache) {
    this.#folder = folder;
    this.blocks = blocks;
  }

  /** @returns undefined where nothing can be kept. */
  static beside(blocks: BlockCache): Openings | undefined {
    try {
      const folder = join(makeCacheFolder(), BLOCKS, OPENINGS);
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      return new Openings(folder, blocks);
    } catch {
      return undefined;
    }
  }

  /** The record of a name, as JSON has it. */
  get(name: string): unknown {
    try {
      const path = join(this.#folder, name);
      const stats = lstatSync(path);
      if (stats.size > LARGEST) return undefined;
      const value: unknown = JSON.parse(textOf(path) ?? "");
      const now = Date.now();
      if (stats.mtimeMs < now - USED_MS) utimesSync(path, now / 1000, now / 1000);
      return value;
    } catch {
      return undefined;
    }
  }

  put(name: string, value: object): void {
    const text = JSON.stringify(value);
    if (Buffer.byteLength(text) > LARGEST) return;
    const path = join(this.#folder, name);
    const temporary = `${path}.${processName()}`;
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      writeFileSync(temporary, text, { mode: 0o600 });
      renameSync(temporary, path);
      this.#removeOldest();
    } catch {
      rmSync(temporary, { force: true });
    }
  }

  drop(name: string): void {
    try {
      rmSync(join(this.#folder, name), { force: true });
    } catch {
      // The cache has become another's.
    }
  }

  /**
   * Opens an image, or waits for another process that does, and takes what that leaves. Where it leaves nothing,
   * as it has failed or may not, this one opens by itself.
   * @param name names the work: the image, and who may open it.
   * @throws what `open` throws; the signal's reason.
   */
  async share<Opened>(
    name: string,
    { find, open, deadline, signal }: SharedOpening<Opened>,
  ): Promise<Opened> {
    const claim = join(this.#folder, `${name}.claim`);
    const end = performance.now() + Math.min(PATIENCE, (deadline ?? Number.POSITIVE_INFINITY) * 1000);
    for (let pause: number = LOOK.first; performance.now() < end; pause = Math.min(LOOK.longest, 2 * pause)) {
      const isFree = this.#claims.isFree(claim);
      // Later: who releases a claim has left a record before.
      const found = await find();
      if (found !== undefined) return found;
      if (isFree && pause > LOOK.first) break;
      if (isFree && this.#claims.take(claim)) {
        try {
          return (await find()) ?? (await open());
        } finally {
          this.#claims.release(claim);
        }
      }
      await delay(pause, undefined, { signal }).catch(() => signal?.throwIfAborted());
    }
    return await open();
  }

  #removeOldest(): void {
    const names = readdirSync(this.#folder);
    if (names.length <= MOST) return;
    const files = names.flatMap((name) => {
      const path = join(this.#folder, name);
      const stats = lstatSync(path, { throwIfNoEntry: false });
      return stats === undefined ? [] : [{ path, modified: stats.mtimeMs }];
    });
    files.sort((a, b) => a.modified - b.modified);
    for (const { path } of files.slice(0, files.length - MOST / 2)) rmSync(path, { force: true });
  }
}
