import type { SectorCache } from "../block/sector-cache.ts";
import { boundsOf } from "../bounds.ts";
import { InvalidImageError } from "../errors.ts";
import { objectId } from "../git/object.ts";
import type { ObjectFormat } from "../git/object-format.ts";
import { hex } from "../git/object-id.ts";
import type { EntryTable } from "./entry-table.ts";
import { free } from "./free.ts";
import type { Inflater } from "./inflate.ts";
import { Pack } from "./pack.ts";
import { PackAnalysis } from "./pack-analysis.ts";
import { scanPack } from "./scan.ts";
import { NONE, WaitingDeltas } from "./waiting-deltas.ts";
import { COST, Work } from "./work.ts";

export interface AnalyzeOptions {
  /** The largest object that is made from a delta in memory, in bytes. Default 1 GiB. */
  readonly maxObjectSize?: number | undefined;
  /** Bytes of bases of deltas to keep. Default: as `PackOptions`. */
  readonly baseCacheSize?: number | undefined;
  /** As for `boundsOf`. */
  readonly workFactor?: number | undefined;
  /** How the objects are named. */
  readonly format: ObjectFormat;
  /** What inflates. Default: a new native inflater. */
  readonly inflater?: Inflater | undefined;
  /**
   * Called every so often with how many of the objects have been scanned and resolved, each counting once for
   * either. What it throws ends the analysis.
   */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/**
 * Work that an entry may take beyond what the PACK's bytes allow: many small deltas are nothing suspicious.
 */
export const WORK_PER_ENTRY: number = 2 * COST.delta;

/**
 * Computes from a PACK alone what its IDX would say: every entry is inflated, every delta resolved, every id
 * and checksum computed. Holds less than 60 bytes an object, by SHA-256 72, and of the objects at once only
 * deltas and their bases.
 *
 * @param start byte offset of the PACK in the image.
 * @param limit byte offset that the PACK must end before.
 * @throws {InvalidImageError} faults `pack-header`, `pack-entry`, `pack-inflate`, `pack-delta`, `pack-base`,
 * `pack-trailer`, each with its offset. @throws {DocteurError} `OBJECT_TOO_LARGE`; `TOO_MUCH_WORK`, if the
 * deltas make more than the PACK's size allows.
 */
export function analyzePack(
  cache: SectorCache,
  start: number,
  limit: number,
  options: AnalyzeOptions,
): PackAnalysis {
  const bounds = boundsOf(limit - start, options.workFactor);
  const work = new Work(bounds.commandWork);
  const plain = new Pack(cache, start, limit, () => undefined, options);
  const scanned = scanPack(cache, plain, start, limit, (done, count) =>
    options.onProgress?.(done, count * 2),
  );
  work.grant(WORK_PER_ENTRY * scanned.table.count);
  const resolver = new Resolver(scanned.table, start, options);
  const base = (_: Uint8Array, delta: number) => resolver.baseOf(delta);
  const { depths, parents } = resolver.run(new Pack(cache, start, limit, base, { ...options, bounds, work }));
  return new PackAnalysis(scanned, depths, parents);
}

/**
 * Resolves deltas: applies each once its base is known, and as many deltas of a base as possible while it is
 * cached.
 */
class Resolver {
  readonly #table: EntryTable;
  readonly #start: number;
  readonly #options: AnalyzeOptions;
  readonly #depths: Uint16Array;
  /**
   * Per entry its first child, the first delta that has it as base; per delta the next one with the same
   * base, and the base.
   */
  readonly #firstChild: Int32Array;
  readonly #nextSibling: Int32Array;
  readonly #parent: Int32Array;
  #resolved = 0;

  constructor(table: EntryTable, start: number, options: AnalyzeOptions) {
    const { count } = table;
    this.#table = table;
    this.#start = start;
    this.#options = options;
    this.#depths = new Uint16Array(count);
    this.#firstChild = new Int32Array(count).fill(NONE);
    this.#nextSibling = new Int32Array(count).fill(NONE);
    this.#parent = new Int32Array(count).fill(NONE);
  }

  /** The offset of the base of the delta at an offset, as far as it is known. */
  baseOf(delta: number): number | undefined {
    const entry = this.#table.entryAt(delta);
    const parent = entry === undefined ? NONE : (this.#parent[entry] as number);
    return parent === NONE ? undefined : this.#table.offsets[parent];
  }

  /** The number of deltas between each object and an undeltified one, and the entry that each is built on. */
  run(pack: Pack): { depths: Uint16Array; parents: Int32Array } {
    const { count } = this.#table;
    this.#checkClaims(pack.work);
    const waiting = this.#linkChildren();
    for (let entry = 0; entry < count; entry++) {
      if (this.#parent[entry] === NONE && this.#table.kind(entry) !== undefined) {
        this.#resolveFrom(entry, pack, waiting);
      }
    }
    if (this.#resolved < count) throw this.#unresolved(waiting);
    for (const array of [this.#firstChild, this.#nextSibling]) free(array);
    this.#options.onProgress?.(count * 2, count * 2);
    return { depths: this.#depths, parents: this.#parent };
  }

  /** Rather than begin, and find in the end that it is too much. */
  #checkClaims(work: Work): void {
    let bytes = 0;
    for (let entry = 0; entry < this.#table.count; entry++) {
      if (this.#table.kind(entry) === undefined) bytes += this.#table.size(entry);
    }
    work.check((COST.copiedByte + COST.hashedByte) * bytes);
  }

  #linkChildren(): WaitingDeltas {
    const table = this.#table;
    let waiting = 0;
    for (let entry = 0; entry < table.count; entry++) if (typeof table.base(entry) === "object") waiting++;
    const deltas = new WaitingDeltas(table, waiting, this.#nextSibling);
    // From the last to the first, so that the lists of children come out in the order of the PACK.
    for (let entry = table.count - 1; entry >= 0; entry--) {
      const base = table.base(entry);
      if (typeof base === "object") deltas.add(entry);
      else if (base !== undefined) {
        const parent = table.entryAt(base);
        if (parent === undefined) {
          throw this.#fault("the base of a delta is not where an entry begins", entry);
        }
        this.#adopt(parent, entry);
      }
    }
    return deltas;
  }

  #adopt(parent: number, child: number): void {
    this.#parent[child] = parent;
    this.#nextSibling[child] = this.#firstChild[parent] as number;
    this.#firstChild[parent] = child;
  }

  /**
   * Resolves everything that builds on an entry: of its children those first that have none. No stack, no
   * recursion.
   */
  #resolveFrom(root: number, pack: Pack, waiting: WaitingDeltas): void {
    this.#identify(root, pack, waiting);
    for (let entry = root; ; ) {
      let next = this.#firstChild[entry] as number;
      for (let child = next; child !== NONE; child = this.#nextSibling[child] as number) {
        if (this.#firstChild[child] === NONE) this.#identify(child, pack, waiting);
      }
      next = this.#withChildren(next);
      while (next === NONE) {
        if (entry === root) return;
        next = this.#withChildren(this.#nextSibling[entry] as number);
        entry = this.#parent[entry] as number;
      }
      entry = next;
      this.#identify(entry, pack, waiting);
    }
  }

  /** The first of an entry and its siblings after it that has children. */
  #withChildren(entry: number): number {
    let found = entry;
    while (found !== NONE && this.#firstChild[found] === NONE) found = this.#nextSibling[found] as number;
    return found;
  }

  /** Computes the id of an entry, unless that is done, and adopts what has waited for it. */
  #identify(entry: number, pack: Pack, waiting: WaitingDeltas): void {
    const table = this.#table;
    const parent = this.#parent[entry] as number;
    if (parent !== NONE) {
      if (table.kind(entry) !== undefined) return;
      const { kind, bytes } = pack.readBase(table.offsets[entry] as number);
      table.resolve(entry, kind, bytes.length, objectId(kind, bytes, pack.format));
      pack.work.add(COST.hashedByte * bytes.length);
      this.#depths[entry] = (this.#depths[parent] as number) + 1;
    }
    this.#resolved++;
    if (this.#resolved % 256 === 0) {
      this.#options.onProgress?.(table.count + this.#resolved, table.count * 2);
    }
    for (let child = waiting.take(entry); child !== NONE; ) {
      const next = this.#nextSibling[child] as number;
      this.#adopt(entry, child);
      child = next;
    }
  }

  /** What is left over waits for an object that is not there, or waits in a circle. */
  #unresolved(waiting: WaitingDeltas): InvalidImageError {
    const entry = waiting.any() ?? 0;
    const base = this.#table.base(entry);
    const object = typeof base === "object" ? hex(base) : undefined;
    return this.#fault("the base of a delta is missing or builds on the delta itself", entry, object);
  }

  #fault(what: string, entry: number, object?: string): InvalidImageError {
    return new InvalidImageError("pack-base", what, {
      offset: this.#start + (this.#table.offsets[entry] as number),
      object,
    });
  }
}
