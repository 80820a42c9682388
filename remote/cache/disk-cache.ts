import { createHash } from "node:crypto";
import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { processName } from "../../reader/process-name.ts";
import { BLOCK_SIZE, type BlockCache } from "../block-cache.ts";
import { addBlock, prune } from "./blocks-folder.ts";
import { makeCacheFolder } from "./cache-folder.ts";
import { Claims } from "./claims.ts";
import { ABOUT, BLOCKS, claimName, type ImageAbout } from "./layout.ts";
import { dropBlock, readBlock, SEGMENT_BLOCKS, writeBlock } from "./segment.ts";
import { textOf } from "./text-of.ts";

/**
 * Blocks in files, for all processes of this user: `blocks/NAME/SEGMENT` in the cache's folder, where NAME is a
 * hash of the source's key, and a segment has 16 blocks. A block that is damaged, or not whole, is not
 * there: segment.ts says how. When there is more than the limit, the segments that were used longest ago go.
 *
 * @returns undefined if there can be no cache: it cannot be written, or another user could write to it.
 */
export function openDiskCache(limit: number): BlockCache | undefined {
  if (limit < BLOCK_SIZE) return undefined;
  try {
    const folder = join(makeCacheFolder(), BLOCKS);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return new DiskCache(folder, limit);
  } catch {
    return undefined;
  }
}

class DiskCache implements BlockCache {
  readonly #folder: string;
  readonly #limit: number;
  readonly #claims = new Claims();
  /** By key. */
  readonly #names = new Map<string, string>();
  readonly #about = new Map<string, ImageAbout>();
  #isPruning = false;

  constructor(folder: string, limit: number) {
    this.#folder = folder;
    this.#limit = limit;
  }

  async get(key: string, block: number): Promise<Uint8Array | undefined> {
    try {
      return await readBlock(this.#segment(key, block), this.#name(key), block);
    } catch {
      return undefined;
    }
  }

  async put(key: string, block: number, bytes: Uint8Array): Promise<void> {
    try {
      try {
        await writeBlock(this.#segment(key, block), this.#name(key), block, bytes);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
        // It has been pruned.
        this.#makeFolder(key);
        await writeBlock(this.#segment(key, block), this.#name(key), block, bytes);
      }
      if (!addBlock(this.#folder, this.#limit) || this.#isPruning) return;
      this.#isPruning = true;
      await prune(this.#folder, this.#limit).finally(() => {
        this.#isPruning = false;
      });
    } catch {
      // The disk is full, or the cache has become another's.
    }
  }

  async drop(key: string, blocks: Iterable<number>): Promise<void> {
    for (const block of blocks) {
      try {
        dropBlock(this.#segment(key, block), block);
      } catch {
        // It is gone already, or stays with those who can read it, who check what they read.
      }
    }
  }

  describe(key: string, display: string, size: number): void {
    this.#about.set(key, { display, size });
    try {
      this.#makeFolder(key);
    } catch {
      // Nothing can be put there either.
    }
  }

  claim(key: string, block: number): boolean {
    return this.#claims.take(this.#claim(key, block));
  }

  release(key: string, block: number): void {
    this.#claims.release(this.#claim(key, block));
  }

  isFree(key: string, block: number): boolean {
    return this.#claims.isFree(this.#claim(key, block));
  }

  #makeFolder(key: string): void {
    const folder = join(this.#folder, this.#name(key));
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const about = this.#about.get(key);
    if (about === undefined) return;
    const file = join(folder, ABOUT);
    const text = JSON.stringify(about);
    if (textOf(file) === text) return;
    const temporary = `${file}.${processName()}`;
    try {
      writeFileSync(temporary, text, { mode: 0o600 });
      renameSync(temporary, file);
    } catch (error) {
      rmSync(temporary, { force: true });
      throw error;
    }
  }

  #segment(key: string, block: number): string {
    return join(this.#folder, this.#name(key), String(Math.floor(block / SEGMENT_BLOCKS)));
  }

  #claim(key: string, block: number): string {
    return join(this.#folder, this.#name(key), claimName(block));
  }

  /** A key may have secrets in it, and be long. */
  #name(key: string): string {
    let name = this.#names.get(key);
    if (name === undefined) {
      name = createHash("sha256").update(key).digest("hex").slice(0, 32);
      this.#names.set(key, name);
    }
    return name;
  }
}
