import type { SectorCache } from "../block/sector-cache.ts";
import { InvalidImageError } from "../errors.ts";
import { objectId } from "../git/object.ts";
import { hex, ID_LENGTH } from "../git/object-id.ts";
import { Pack } from "./pack.ts";
import { PackAnalysis } from "./pack-analysis.ts";
import { entryAt, type ScannedPack, scanPack } from "./scan.ts";

export interface AnalyzeOptions {
  /** The largest object that is made from a delta in memory, in bytes. Default 1 GiB. */
  readonly maxObjectSize?: number | undefined;
  /** Bytes of bases of deltas to keep. Default 24 MiB. */
  readonly baseCacheSize?: number | undefined;
  /** What `scanPack` tells of this PACK, where somebody has had it told already. */
  readonly scanned?: ScannedPack | undefined;
  /**
   * Told every so often how many of the objects have been scanned and resolved, each counting once for either. What it
   * throws ends the analysis.
   */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/**
 * Learns from a PACK alone what its IDX would say: every entry is inflated, every delta resolved, every id and checksum
 * computed. Holds about 60 bytes an object and never a whole object that is not a delta or the base of one.
 *
 * @param start byte offset of the PACK in the image.
 * @param limit byte offset that the PACK must end before.
 * @throws {InvalidImageError} faults `pack-header`, `pack-entry`, `pack-inflate`, `pack-delta`, `pack-base`,
 * `pack-trailer`, each with its offset.
 */
export function analyzePack(
  cache: SectorCache,
  start: number,
  limit: number,
  options: AnalyzeOptions = {},
): PackAnalysis {
  return new Resolver(cache, start, limit, options).run();
}

/** No entry: the end of a list of children. */
const NONE = -1;

class Resolver {
  readonly #scanned: ScannedPack;
  readonly #pack: Pack;
  readonly #start: number;
  readonly #depths: Uint32Array;
  /** Per entry its first child, the first delta that has it as base; and per delta the next one with the same base. */
  readonly #firstChild: Int32Array;
  readonly #nextSibling: Int32Array;
  /** REF_DELTAs whose base has not been met, by the base's id. */
  readonly #waiting = new Map<string, number[]>();
  /** The offsets of the bases of REF_DELTAs that have been met, by id. */
  readonly #referred = new Map<string, number>();
  readonly #options: AnalyzeOptions;
  #resolved = 0;

  constructor(cache: SectorCache, start: number, limit: number, options: AnalyzeOptions) {
    this.#options = options;
    this.#start = start;
    this.#pack = new Pack(cache, start, limit, (id) => this.#referred.get(hex(id)), options);
    this.#scanned =
      options.scanned ??
      scanPack(cache, this.#pack, start, limit, (done, count) => options.onProgress?.(done, count * 2));
    const { count } = this.#scanned;
    this.#depths = new Uint32Array(count);
    this.#firstChild = new Int32Array(count).fill(NONE);
    this.#nextSibling = new Int32Array(count).fill(NONE);
  }

  run(): PackAnalysis {
    const { count, bases } = this.#scanned;
    this.#linkChildren();
    for (let entry = 0; entry < count; entry++) if (bases[entry] === undefined) this.#resolveFrom(entry);
    if (this.#resolved < count) throw this.#unresolved();
    this.#options.onProgress?.(count * 2, count * 2);
    return new PackAnalysis(this.#scanned, this.#depths);
  }

  #linkChildren(): void {
    const { count, bases } = this.#scanned;
    // From the last to the first, so that the lists of children come out in the order of the PACK.
    for (let entry = count - 1; entry >= 0; entry--) {
      const base = bases[entry];
      if (typeof base === "number") {
        const parent = entryAt(this.#scanned, base);
        if (parent === undefined) {
          throw this.#fault("the base of a delta is not where an entry begins", entry);
        }
        this.#adopt(parent, entry);
      } else if (base !== undefined) {
        const key = hex(base);
        const others = this.#waiting.get(key);
        if (others === undefined) this.#waiting.set(key, [entry]);
        else others.push(entry);
      }
    }
  }

  #adopt(parent: number, child: number): void {
    this.#nextSibling[child] = this.#firstChild[parent] as number;
    this.#firstChild[parent] = child;
  }

  /** Resolves everything that builds on an entry, depth first: a base is used while it still lies in the cache. */
  #resolveFrom(root: number): void {
    const pending = [root];
    for (let entry = pending.pop(); entry !== undefined; entry = pending.pop()) {
      this.#identify(entry);
      for (
        let child = this.#firstChild[entry] as number;
        child !== NONE;
        child = this.#nextSibling[child] as number
      ) {
        this.#depths[child] = (this.#depths[entry] as number) + 1;
        pending.push(child);
      }
    }
  }

  #identify(entry: number): void {
    const { ids, kinds, sizes, bases } = this.#scanned;
    const id = ids.subarray(entry * ID_LENGTH, (entry + 1) * ID_LENGTH);
    if (bases[entry] !== undefined) {
      const { kind, bytes } = this.#pack.readBase(this.#scanned.offsets[entry] as number);
      kinds[entry] = kind;
      sizes[entry] = bytes.length;
      id.set(objectId(kind, bytes));
    }
    this.#resolved++;
    if (this.#resolved % 256 === 0) {
      this.#options.onProgress?.(this.#scanned.count + this.#resolved, this.#scanned.count * 2);
    }
    if (this.#waiting.size === 0) return;
    const key = hex(id);
    const children = this.#waiting.get(key);
    if (children === undefined) return;
    this.#referred.set(key, this.#scanned.offsets[entry] as number);
    this.#waiting.delete(key);
    for (const child of children) this.#adopt(entry, child);
  }

  /** What is left over waits for an object that is not there, or waits in a circle. */
  #unresolved(): InvalidImageError {
    for (const [object, [entry = 0]] of this.#waiting) {
      return this.#fault("the base of a delta is missing or builds on the delta itself", entry, object);
    }
    return this.#fault("a delta has no base", 0);
  }

  #fault(what: string, entry: number, object?: string): InvalidImageError {
    return new InvalidImageError("pack-base", what, {
      offset: this.#start + (this.#scanned.offsets[entry] as number),
      object,
    });
  }
}
