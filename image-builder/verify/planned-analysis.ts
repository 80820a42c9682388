import type { BlockDevice } from "../../reader/block/device.ts";
import { SectorCache } from "../../reader/block/sector-cache.ts";
import { boundsOf } from "../../reader/bounds.ts";
import type { Hash, HashFunctions } from "../../reader/git/hash.ts";
import { objectFormat } from "../../reader/git/object-format.ts";
import { NODE_PLATFORM } from "../../reader/node-platform.ts";
import { WORK_PER_ENTRY } from "../../reader/pack/analyze.ts";
import { Entries } from "../../reader/pack/entries.ts";
import { EntryTable } from "../../reader/pack/entry-table.ts";
import { type EntryHeader, FIRST_ENTRY } from "../../reader/pack/format.ts";
import { IdOrder } from "../../reader/pack/id-order.ts";
import { Idx } from "../../reader/pack/idx.ts";
import { createInflater } from "../../reader/pack/inflaters.ts";
import { PackAnalysis } from "../../reader/pack/pack-analysis.ts";
import { ReadLimits } from "../../reader/pack/read-limits.ts";
import { checkTrailer } from "../../reader/pack/scan.ts";
import { SortedEntries } from "../../reader/pack/sorted-entries.ts";
import { NONE } from "../../reader/pack/waiting-deltas.ts";
import { Work } from "../../reader/pack/work.ts";
import { type AnalysisTask, Counter, giveUp } from "./analysis-task.ts";
import { checkIdx } from "./check-idx.ts";
import { DeltaForest } from "./delta-forest.ts";
import { Doubt } from "./doubt.ts";
import { FamilyReader } from "./family-reader.ts";

/** Bytes of the image that are read at a time, and kept. */
const BLOCK = 16 * 1024;
const SECTORS = 1024 * 1024;

/** Bytes of the PACK that a thread takes at a time, on average, and entries at most. */
const SHARE = 128 * 1024;
const MOST_ENTRIES = 1024;

/** Bytes of the PACK between two pauses of its checksum. */
const SUM_STEP = 2 * 1024 * 1024;

/** Milliseconds after which a thread that waits looks again. */
const LOOK_AGAIN = 1000;

const MEBI = 2 ** 20;

/** Bytes of an undeltified object that is held in memory, for deltas on it, and of one that is not. */
const HEAVY = 4 * MEBI;
const HEAVY_ALONE = 32 * MEBI;

/** What a thread is at between two steps. */
export type Step = "working" | "waiting";

/**
 * What `analyzePack` computes, by one or several threads, each with a `PlannedAnalysis` of its own. The IDX,
 * which is not verified yet, says where the entries begin: so each thread takes some undeltified objects and
 * all that builds on them, and every entry is inflated once. Whatever is not as it must be ends the analysis:
 * `analyzePack` then finds what, and where.
 *
 * 1. The first thread reads the offsets from the IDX; the last one computes the checksum over the PACK.
 * 2. All read the headers of entries, and find the base of each delta.
 * 3. The first links the deltas to their bases.
 * 4. All identify objects.
 * 5. The first sorts the entries by their ids; then the last one compares the IDX with them, while the caller
 *    of the first goes on.
 */
export class PlannedAnalysis {
  readonly #task: AnalysisTask;
  /** The number of this thread. */
  readonly #thread: number;
  /** Reads the image by blocks that suit this. */
  readonly cache: SectorCache;
  readonly #sumCache: SectorCache | undefined;
  readonly #table: EntryTable;
  readonly #forest: DeltaForest;
  readonly #entries: Entries;
  readonly #work: Work;
  readonly #limit: number;
  readonly #families: FamilyReader;
  readonly #idx: Idx;
  /** Entries that are taken at a time. */
  readonly #share: number;
  /** Units of 2^20 that the other threads know of. */
  #published = 0;
  /** The number of events before this thread began to wait. */
  #seen = 0;
  /** Whether this thread may take long over one step. */
  readonly #mayBlock: boolean;

  /**
   * @param thread the number of this thread.
   * @param mayBlock whether it may take long over one step.
   * @param functions what hashes.
   * @throws {InvalidImageError} if there is no IDX.
   */
  constructor(
    device: BlockDevice,
    task: AnalysisTask,
    thread: number,
    mayBlock: boolean,
    functions: HashFunctions = NODE_PLATFORM,
  ) {
    const { header, count, workFactor } = task;
    const { packStart, indexOffset } = header;
    const format = objectFormat(header.hash, functions);
    this.#task = task;
    this.#thread = thread;
    this.#mayBlock = mayBlock;
    this.cache = new SectorCache(device, { blockSize: BLOCK, capacity: SECTORS });
    this.#table = new EntryTable(count, format, task.table);
    this.#forest = new DeltaForest(count, task.forest);
    this.#idx = new Idx(this.cache, indexOffset, indexOffset - packStart, format);
    if (this.#idx.count !== count) throw new Doubt();
    const nowhere = () => undefined;
    this.#entries = new Entries(this.cache, packStart, indexOffset, nowhere, createInflater(), format);
    const bounds = boundsOf(indexOffset - packStart, workFactor);
    this.#limit = bounds.commandWork + WORK_PER_ENTRY * count;
    this.#work = new Work(this.#limit);
    const limits = new ReadLimits(bounds, this.#work, 1024 ** 3);
    this.#families = new FamilyReader(this.cache, this.#entries, this.#table, this.#forest, limits);
    const average = (indexOffset - packStart) / Math.max(1, count);
    this.#share = Math.max(1, Math.min(MOST_ENTRIES, Math.floor(SHARE / average)));
    // By blocks that no other read needs.
    if (this.#sums) this.#sumCache = new SectorCache(device, { blockSize: 64 * 1024, capacity: 256 * 1024 });
  }

  /**
   * Does this thread's part, in steps of some milliseconds, one object at least: between two of them its
   * caller may do anything else. A step is `"waiting"` if nothing is to be done before `change` happens.
   *
   * @returns to the first thread the analysis, to others undefined.
   * @throws {Doubt} and any error of reading; then the others end, too.
   */
  *run(): Generator<Step, PackAnalysis | undefined> {
    try {
      if (this.#leads) this.#readOffsets();
      else yield* this.#waitFor(Counter.planned, 1);
      yield "working";
      const sum = this.#sums ? yield* this.#sumUpToLast() : undefined;
      yield* this.#readHeaders();
      if (this.#leads) {
        yield* this.#waitFor(Counter.headers, this.#task.count);
        this.#forest.link();
        this.#add(Counter.linked, 1);
      } else yield* this.#waitFor(Counter.linked, 1);
      yield* this.#identify();
      if (sum !== undefined) yield* this.#checkTrailer(sum);
      this.#add(Counter.finished, 1);
      if (this.#leads) return yield* this.#result();
      if (this.#sums) yield* this.#compareIdx();
      return undefined;
    } catch (error) {
      giveUp(this.#task);
      throw error;
    }
  }

  /** How many entries all threads together have identified. */
  get identified(): number {
    return this.#load(Counter.identified);
  }

  /** Waits until another thread has done something. Blocks this one. */
  waitForChange(): void {
    Atomics.wait(this.#task.counters, Counter.events, this.#seen, LOOK_AGAIN);
  }

  /** The same for a thread that must not be blocked. */
  async change(): Promise<void> {
    await Atomics.waitAsync(this.#task.counters, Counter.events, this.#seen, LOOK_AGAIN).value;
  }

  get #leads(): boolean {
    return this.#thread === 0;
  }

  get #sums(): boolean {
    return this.#thread === this.#task.threads - 1;
  }

  #readOffsets(): void {
    const { offsets, count } = this.#table;
    for (let index = 0; index < count; index++) offsets[index] = this.#idx.offsetAt(index);
    offsets.subarray(0, count).sort();
    if (count === 0 || offsets[0] !== FIRST_ENTRY) throw new Doubt();
    this.#add(Counter.planned, 1);
  }

  /** Hashes the PACK up to its last entry, whose end is not known yet. */
  *#sumUpToLast(): Generator<Step, Hash> {
    const { offsets, count } = this.#table;
    const sum = this.#entries.format.createHash();
    const end = offsets[count - 1] as number;
    for (let at = 0; at < end; ) {
      const next = Math.min(end, at + SUM_STEP);
      this.#update(sum, at, next);
      at = next;
      yield "working";
    }
    return sum;
  }

  /** Hashes the bytes of the PACK from `start` to `end`. */
  #update(sum: Hash, start: number, end: number): void {
    const cache = this.#sumCache!;
    const { packStart } = this.#task.header;
    for (let at = start; at < end; ) {
      const piece = cache.piece(packStart + at, packStart + end);
      sum.update(piece);
      at += piece.length;
    }
  }

  *#checkTrailer(sum: Hash): Generator<Step, void> {
    const { offsets, count } = this.#table;
    yield* this.#waitFor(Counter.identified, count);
    const end = offsets[count] as number;
    this.#update(sum, offsets[count - 1] as number, end);
    const { header, trailer } = this.#task;
    const { packStart, indexOffset } = header;
    trailer.set(checkTrailer(this.#sumCache!, packStart + end, indexOffset, sum.digest()));
  }

  *#readHeaders(): Generator<Step, void> {
    const { offsets } = this.#table;
    for (
      let next = this.#take(Counter.nextHeader);
      next !== undefined;
      next = this.#take(Counter.nextHeader)
    ) {
      const { first, end } = next;
      for (let entry = first; entry < end; entry++) {
        const header = this.#entries.header(offsets[entry] as number);
        this.#table.set(entry, header);
        this.#forest.parents[entry] = header.kind === undefined ? this.#parentOf(header) : NONE;
      }
      this.#add(Counter.headers, end - first);
      yield "working";
    }
  }

  #parentOf({ baseOffset, baseId }: EntryHeader): number {
    const offset = baseOffset ?? this.#idx.find(baseId!);
    const parent = offset === undefined ? undefined : this.#table.entryAt(offset);
    if (parent === undefined) throw new Doubt();
    return parent;
  }

  *#identify(): Generator<Step, void> {
    yield* this.#identifyHeavy();
    for (let next = this.#take(Counter.nextEntry); next !== undefined; next = this.#take(Counter.nextEntry)) {
      for (let entry = next.first; entry < next.end; entry++) {
        if (this.#forest.isTop(entry) && !this.#isHeavy(entry)) yield* this.#identifyFamily(entry);
      }
      this.#publish();
      yield "working";
    }
  }

  /**
   * What takes long or much memory is first, and all for the last thread, which holds no other up and has the
   * memory alone.
   */
  *#identifyHeavy(): Generator<Step, void> {
    const { threads } = this.#task;
    if (!this.#sums) return;
    for (let entry = 0; entry < this.#table.count; entry++) {
      if (!this.#forest.isTop(entry) || !this.#isHeavy(entry)) continue;
      if (!this.#mayBlock && threads === 1) throw new Doubt();
      yield* this.#identifyFamily(entry);
      this.#publish();
    }
  }

  #isHeavy(entry: number): boolean {
    const root = this.#forest.rootOf(entry);
    const isAlone = this.#forest.firstChild[root] === NONE;
    return this.#table.size(root) > (isAlone ? HEAVY_ALONE : HEAVY);
  }

  *#identifyFamily(top: number): Generator<Step, void> {
    for (const _ of this.#families.identifyFamily(top)) {
      this.#publish();
      yield "working";
    }
  }

  /** Counts what has been done. @throws {Doubt} if it is too much. */
  #publish(): void {
    const { counters } = this.#task;
    const families = this.#families;
    const done = Math.floor(this.#work.done / MEBI);
    const units = done - this.#published;
    this.#published = done;
    const work = Atomics.add(counters, Counter.work, units) + units;
    if (work * MEBI > this.#limit || this.#load(Counter.failed) !== 0) throw new Doubt();
    const { identified } = families;
    families.identified = 0;
    Atomics.add(counters, Counter.identified, identified);
  }

  /** The analysis, once all entries are identified. @throws {Doubt} if an object is there twice. */
  *#result(): Generator<Step, PackAnalysis> {
    const { threads, trailer } = this.#task;
    yield* this.#waitFor(Counter.finished, threads);
    this.#forest.finish();
    const { depths, parents, nextSibling } = this.#forest;
    const order = IdOrder.sort(this.#table, nextSibling);
    // By which of them a delta names as its base, one may be at another depth, or in a circle.
    if (order.hasDuplicates) throw new Doubt();
    this.#add(Counter.sorted, 1);
    return new PackAnalysis({ table: this.#table, trailer }, depths, parents, order);
  }

  /** Compares the IDX with the one that the PACK implies, while the first thread does something else. */
  *#compareIdx(): Generator<Step, void> {
    yield* this.#waitFor(Counter.sorted, 1);
    const { header, trailer } = this.#task;
    const { indexOffset } = header;
    checkIdx(this.#sumCache!, indexOffset, new SortedEntries(this.#table, this.#forest.nextSibling, trailer));
    this.#add(Counter.comparedIdx, 1);
  }

  /**
   * For the first thread, at the end: waits until the IDX has been compared with the one that the PACK
   * implies.
   * @throws {Doubt} or {InvalidImageError} if it is another.
   */
  *finishIdx(): Generator<Step, void> {
    if (this.#sums) yield* this.#compareIdx();
    yield* this.#waitFor(Counter.comparedIdx, 1);
  }

  /** Takes the next entries by a counter. */
  #take(counter: number): { first: number; end: number } | undefined {
    const { count, counters } = this.#task;
    const first = Atomics.add(counters, counter, this.#share);
    // The counter must not come round.
    if (first >= count) Atomics.sub(counters, counter, this.#share);
    return first < count ? { first, end: Math.min(count, first + this.#share) } : undefined;
  }

  #load(counter: number): number {
    return Atomics.load(this.#task.counters, counter);
  }

  /** Adds to a counter that threads wait for, and returns the new number. */
  #add(counter: number, number: number): number {
    const before = Atomics.add(this.#task.counters, counter, number);
    this.#notify();
    return before + number;
  }

  #notify(): void {
    if (this.#task.threads === 1) return;
    Atomics.add(this.#task.counters, Counter.events, 1);
    Atomics.notify(this.#task.counters, Counter.events);
  }

  /** Waits until a counter has a number. @throws {Doubt} if it cannot get there. */
  *#waitFor(counter: number, number: number): Generator<Step, void> {
    const { threads } = this.#task;
    for (;;) {
      this.#seen = this.#load(Counter.events);
      if (this.#load(Counter.failed) !== 0) throw new Doubt();
      // Entries that no top leads to are deltas in a circle.
      const isLast = counter === Counter.identified && this.#load(Counter.finished) === threads - 1;
      if (this.#load(counter) >= number) return;
      if (isLast) throw new Doubt();
      yield "waiting";
    }
  }
}
