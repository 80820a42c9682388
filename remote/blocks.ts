import { setTimeout as delay } from "node:timers/promises";
import { ByteLru } from "../reader/byte-lru.ts";
import { decodeHeader, HEADER_BYTES } from "../reader/image/header.ts";
import { BLOCK_SIZE, type BlockCache } from "./block-cache.ts";
import { LOOK } from "./cache/claims.ts";
import type { RemoteImage } from "./image.ts";
import { IndexReads } from "./index-reads.ts";
import { PendingBlock, runsOf } from "./pending-block.ts";
import { ReadAhead } from "./read-ahead.ts";
import { RequestLength } from "./request-length.ts";
import { RequestQueue } from "./request-queue.ts";
import type { Source } from "./source.ts";
import { unlessAborted } from "./unless-aborted.ts";

const MIB = 1024 * 1024;

/** Blocks of one request at most, and more where a reader goes on and on: of what is read ahead for it, a quarter. */
const LONGEST_RUN = MIB / BLOCK_SIZE;
const OF_WINDOW = 1 / 4;

/** Bytes of a request at most, whatever is read ahead. */
const MOST = 64 * MIB;

/** Milliseconds to wait for another process that fetches a block: a network that is slow is so for all. */
const PATIENCE = 30_000;

export interface BlockOptions {
  /** What keeps blocks for later. Default: nothing. */
  readonly cache?: BlockCache | undefined;
  /** Requests at once at most. Default 8. */
  readonly requests?: number | undefined;
  /** Bytes of blocks in memory at most, beside those that are on their way. Default 16 MiB. */
  readonly memory?: number | undefined;
  /** Milliseconds since any moment, by which requests are timed. Default: `performance.now`. */
  readonly now?: (() => number) | undefined;
}

/** Part of a request: blocks that follow one another. */
type Run = readonly PendingBlock[];

/**
 * Reads a source by blocks. Each is fetched once, however many want it; neighbours come with one request.
 * Blocks are kept in memory, and in a cache if there is one.
 */
export class Blocks implements RemoteImage {
  readonly display: string;
  readonly size: number;
  readonly counts = { requests: 0, bytes: 0, cached: 0 };
  readonly #source: Source;
  readonly #cache: BlockCache | undefined;
  readonly #capacity: number;
  readonly #queue: RequestQueue;
  readonly #readAhead: ReadAhead;
  readonly #now: () => number;
  readonly #longest = new RequestLength(MOST, MOST);
  readonly #end = new AbortController();
  readonly #pending = new Map<number, PendingBlock>();
  /** Requests that run, and what is being put into the cache. */
  readonly #work = new Set<Promise<void>>();
  #memory: ByteLru<number, Uint8Array>;
  /** Blocks that the cache had, or got. */
  #inCache = new Set<number>();
  readonly #index: IndexReads;
  /** Changes when all that was read is forgotten. From then on, blocks are put into the cache, and not taken from it. */
  #generation = 0;

  /** @param source is closed with the image. */
  constructor(source: Source, options: BlockOptions = {}) {
    const { cache, requests = 8, memory = 16 * MIB, now = () => performance.now() } = options;
    this.#now = now;
    this.#source = source;
    this.display = source.display;
    this.size = source.size;
    this.#cache = cache;
    this.#capacity = memory;
    this.#index = new IndexReads(source.size);
    this.#memory = new ByteLru(memory, memory);
    this.#queue = new RequestQueue(requests);
    this.#readAhead = new ReadAhead(memory / 2 / BLOCK_SIZE);
    cache?.describe(source.key, source.display, source.size);
    this.#begin();
  }

  async read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
    signal?.throwIfAborted();
    this.#end.signal.throwIfAborted();
    if (!(offset >= 0 && length >= 0 && offset + length <= this.size)) {
      throw new RangeError(`${this.display} has no ${length} bytes at ${offset}, but ${this.size} in all`);
    }
    if (length === 0) return new Uint8Array(0);
    const first = Math.floor(offset / BLOCK_SIZE);
    const last = Math.floor((offset + length - 1) / BLOCK_SIZE);
    const wanted = this.#wanted(first, last, true);
    if (this.#index.isReadAtRandom(offset)) this.prefetch(this.#index.offset, this.#index.length);
    const ahead = this.#readAhead.after(first, last);
    if (ahead !== undefined) {
      const longest = Math.max(LONGEST_RUN, Math.floor(ahead.window * OF_WINDOW));
      this.#wanted(ahead.first, ahead.first + ahead.count - 1, false, longest);
    }
    if (wanted.length === 1) {
      const [block] = wanted as [Uint8Array | PendingBlock];
      const bytes = block instanceof PendingBlock ? await unlessAborted(block.promise, signal) : block;
      const start = offset - first * BLOCK_SIZE;
      return bytes.subarray(start, start + length);
    }
    const into = uninitialized(length);
    const copied = wanted.map(async (block, i) => {
      const start = (first + i) * BLOCK_SIZE - offset;
      const bytes = block instanceof PendingBlock ? await block.promise : block;
      const from = Math.max(0, -start);
      into.set(bytes.subarray(from, length - start), start + from);
    });
    await unlessAborted(Promise.all(copied), signal);
    return into;
  }

  prefetch(offset: number, length: number): void {
    const start = Math.max(0, offset);
    const end = Math.min(this.size, offset + length);
    if (this.#end.signal.aborted || !(end > start)) return;
    this.#wanted(Math.floor(start / BLOCK_SIZE), Math.floor((end - 1) / BLOCK_SIZE), false);
  }

  async forget(): Promise<void> {
    this.#generation++;
    this.#memory = new ByteLru(this.#capacity, this.#capacity);
    const wrong = this.#inCache;
    this.#inCache = new Set();
    await Promise.all(this.#work);
    await this.#cache?.drop(this.#source.key, wrong);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort(new Error(`${this.display} is closed`));
    for (const block of this.#pending.values()) this.#fail(block, this.#end.signal.reason);
    while (this.#work.size > 0) await Promise.all(this.#work);
    await this.#source[Symbol.asyncDispose]();
  }

  /** Keeps what opening has brought, and fetches what every reader wants next. */
  #begin(): void {
    const { start } = this.#source;
    if (start.length > 0) {
      this.counts.requests++;
      this.counts.bytes += start.length;
    }
    for (let block = 0; block * BLOCK_SIZE < start.length; block++) {
      const bytes = start.subarray(block * BLOCK_SIZE, (block + 1) * BLOCK_SIZE);
      if (bytes.length < this.#lengthOf(block)) break;
      const own = copyOf(bytes);
      this.#keepInMemory(block, own);
      void this.#track(this.#keepUnlessKept(block, own));
    }
    void this.#prefetchFooter();
  }

  /** What ends at the index offset: the footer of the sections, and before it the upper levels of the layout. */
  async #prefetchFooter(): Promise<void> {
    try {
      const [block] = this.#wanted(0, 0, true);
      const start = block instanceof PendingBlock ? await block.promise : block;
      const { indexOffset } = decodeHeader(start!.subarray(0, HEADER_BYTES), this.size);
      this.#index.begin(indexOffset);
      const first = Math.floor(Math.max(0, indexOffset - BLOCK_SIZE) / BLOCK_SIZE);
      this.#wanted(first, Math.floor((indexOffset - 1) / BLOCK_SIZE), true);
    } catch {
      // The one who reads finds out what is wrong.
    }
  }

  /** The blocks from `first` to `last`, as far as there are so many: their bytes, or those on their way. */
  #wanted(
    first: number,
    last: number,
    urgent: boolean,
    longest = LONGEST_RUN,
  ): (Uint8Array | PendingBlock)[] {
    const end = Math.min(last, Math.ceil(this.size / BLOCK_SIZE) - 1);
    const missing: PendingBlock[] = [];
    const wanted: (Uint8Array | PendingBlock)[] = [];
    for (let block = first; block <= end; block++) {
      const there = this.#memory.get(block) ?? this.#pending.get(block);
      if (there instanceof PendingBlock && urgent) there.hurry();
      if (there === undefined) {
        const pending = new PendingBlock(block, urgent);
        this.#pending.set(block, pending);
        missing.push(pending);
        wanted.push(pending);
      } else wanted.push(there);
    }
    if (missing.length > 0) void this.#load(missing, longest);
    return wanted;
  }

  get #usesCache(): boolean {
    return this.#cache !== undefined && this.#generation === 0;
  }

  async #load(blocks: Run, longest: number): Promise<void> {
    const missing = this.#usesCache ? await this.#findInCache(blocks) : blocks;
    this.#enqueue(missing, Date.now() + PATIENCE, longest);
  }

  /** Settles the blocks that the cache has. @returns the others. */
  async #findInCache(blocks: Run): Promise<PendingBlock[]> {
    const found = await Promise.all(
      blocks.map(async (block) => {
        const bytes = await this.#cache?.get(this.#source.key, block.number);
        if (bytes === undefined || bytes.length !== this.#lengthOf(block.number)) return false;
        if (!this.#usesCache) return false;
        this.counts.cached += bytes.length;
        this.#inCache.add(block.number);
        this.#settle(block, bytes);
        return true;
      }),
    );
    return blocks.filter((block, i) => !found[i] && !block.isSettled);
  }

  /** @param patience until when to wait for other processes that fetch the same; milliseconds since the epoch. */
  #enqueue(blocks: Run, patience: number, longest = LONGEST_RUN): void {
    for (const run of runsOf(blocks, longest)) {
      const queued = this.#queue.add(
        () => this.#track(this.#fetchUnclaimed(run, patience)),
        run.some(({ isUrgent }) => isUrgent),
      );
      for (const block of run) block.queued = queued;
    }
  }

  /** Fetches what no other process fetches, and waits for the others, without a request. */
  async #fetchUnclaimed(run: Run, patience: number): Promise<void> {
    const cache = this.#cache;
    if (cache === undefined || !this.#usesCache) return await this.#fetch(run);
    const { key } = this.#source;
    const open = run.filter(({ isSettled }) => !isSettled);
    const claimed = open.filter(({ number }) => cache.claim(key, number));
    const others = open.filter((block) => !claimed.includes(block));
    const isTooLate = Date.now() > patience;
    if (others.length > 0 && !isTooLate) void this.#waitForOthers(others, patience);
    // Another process may have fetched them since the cache was asked.
    const missing = await this.#findInCache(claimed);
    for (const { number } of claimed.filter(({ isSettled }) => isSettled)) cache.release(key, number);
    for (const part of runsOf(isTooLate ? [...missing, ...others].sort(byNumber) : missing, run.length)) {
      await this.#fetch(part);
    }
  }

  async #waitForOthers(blocks: Run, patience: number): Promise<void> {
    const { key } = this.#source;
    let missing: Run = blocks;
    for (let pause: number = LOOK.first; missing.length > 0; pause = Math.min(LOOK.longest, 2 * pause)) {
      await delay(pause);
      missing = await this.#findInCache(missing);
      if (Date.now() > patience || missing.some(({ number }) => this.#cache?.isFree(key, number) !== false)) {
        return this.#enqueue(missing, patience);
      }
    }
  }

  /** Fetches blocks that follow one another: by one request, or by several where the network is slow. */
  async #fetch(run: Run): Promise<void> {
    let rest = run;
    try {
      while (rest.length > 0) {
        const count = Math.max(1, Math.floor(this.#longest.bytes / BLOCK_SIZE));
        await this.#fetchAtOnce(rest.slice(0, count));
        rest = rest.slice(count);
      }
    } catch (error) {
      for (const block of rest) {
        this.#fail(block, error);
        this.#cache?.release(this.#source.key, block.number);
      }
    }
  }

  /** @throws what reading the source throws. */
  async #fetchAtOnce(run: Run): Promise<void> {
    const generation = this.#generation;
    const first = run[0]!.number;
    const offset = first * BLOCK_SIZE;
    const length = Math.min(this.size, (first + run.length) * BLOCK_SIZE) - offset;
    this.#end.signal.throwIfAborted();
    this.counts.requests++;
    const started = this.#now();
    const bytes = await this.#source.read(offset, length, this.#end.signal);
    this.#longest.took(length, this.#now() - started);
    this.counts.bytes += bytes.length;
    for (const [i, block] of run.entries()) {
      const part = bytes.subarray(i * BLOCK_SIZE, (i + 1) * BLOCK_SIZE);
      // A copy: a block that stays in memory must not keep those around it there.
      const own = run.length === 1 ? part : copyOf(part);
      const isCurrent = generation === this.#generation;
      this.#settle(block, own, isCurrent);
      if (isCurrent) void this.#track(this.#keep(block.number, own));
      else this.#cache?.release(this.#source.key, block.number);
    }
  }

  async #keep(block: number, bytes: Uint8Array): Promise<void> {
    if (this.#cache === undefined) return;
    this.#inCache.add(block);
    await this.#cache.put(this.#source.key, block, bytes);
    this.#cache.release(this.#source.key, block);
  }

  async #keepUnlessKept(block: number, bytes: Uint8Array): Promise<void> {
    const kept = await this.#cache?.get(this.#source.key, block);
    if (kept !== undefined && Buffer.compare(kept, bytes) === 0) this.#inCache.add(block);
    else await this.#keep(block, bytes);
  }

  /** So that closing waits for it. */
  #track(work: Promise<void>): Promise<void> {
    const settled = work.finally(() => this.#work.delete(settled));
    this.#work.add(settled);
    return settled;
  }

  #settle(block: PendingBlock, bytes: Uint8Array, keep = true): void {
    if (keep) this.#keepInMemory(block.number, bytes);
    if (this.#pending.get(block.number) === block) this.#pending.delete(block.number);
    block.resolve(bytes);
  }

  #fail(block: PendingBlock, error: unknown): void {
    if (this.#pending.get(block.number) === block) this.#pending.delete(block.number);
    block.reject(error);
  }

  #keepInMemory(block: number, bytes: Uint8Array): void {
    this.#memory.set(block, bytes, bytes.length);
  }

  #lengthOf(block: number): number {
    return Math.min(BLOCK_SIZE, this.size - block * BLOCK_SIZE);
  }
}

function byNumber(a: PendingBlock, b: PendingBlock): number {
  return a.number - b.number;
}

/** Memory that is not zeroed first. */
function uninitialized(length: number): Uint8Array {
  return new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
}

function copyOf(bytes: Uint8Array): Uint8Array {
  const copy = uninitialized(bytes.length);
  copy.set(bytes);
  return copy;
}
