import type { BlockDevice } from "../../reader/block/device.ts";
import { openFileDevice } from "../../reader/block/file.ts";
import { SectorCache } from "../../reader/block/sector-cache.ts";
import type { ObjectFormat } from "../../reader/git/object-format.ts";
import { Idx } from "../../reader/pack/idx.ts";
import { NumberList } from "../number-list.ts";
import { mergeIds } from "./source-ids.ts";

/** Bytes of a PACK at most: the number of a PACK and an offset in it are one number, which sorts fast. */
const MAX_PACK_BYTES = 2 ** 40;

/** PACKs at most, so that the number is a safe integer. */
const MAX_PACKS = 2 ** 13;

/** Bytes of ids in memory. */
const CACHE = 4 * 1024 * 1024;

/**
 * The entries of several PACKs, by id and by where they lie. Numbers name them, from 0 on, in the order in
 * which they lie, PACK by PACK. Memory is 12 bytes an entry; the ids are in a file.
 */
export class SourceEntries implements Disposable {
  readonly count: number;
  /** Where each entry lies, ascending. */
  readonly #locations: Float64Array;
  /** The numbers of the entries, in the order of their ids. */
  readonly #numbers: Uint32Array;
  readonly #ends: Float64Array;
  readonly #device: BlockDevice;
  readonly #ids: Idx;

  /**
   * @param idxs those of the PACKs.
   * @param ends where the entries of each PACK end, in bytes.
   * @param ids a new file for the ids.
   * @param format how the objects are named.
   * @throws {Error} if an object is in two of them, or there are too many; what `fs` throws.
   */
  constructor(idxs: readonly string[], ends: Float64Array, ids: string, format: ObjectFormat) {
    if (idxs.length > MAX_PACKS || ends.some((end) => end > MAX_PACK_BYTES))
      throw new Error("too many PACKs");
    const byId = new NumberList(Float64Array);
    mergeIds(idxs, ids, format, (source, offset) => byId.push(source * MAX_PACK_BYTES + offset));
    this.count = byId.length;
    this.#ends = ends;
    this.#locations = new Float64Array(this.count);
    for (let index = 0; index < this.count; index++) this.#locations[index] = byId.at(index);
    this.#locations.sort();
    this.#numbers = new Uint32Array(this.count);
    for (let index = 0; index < this.count; index++) {
      this.#numbers[index] = this.#search(byId.at(index)) as number;
    }
    this.#device = openFileDevice(ids);
    const cache = new SectorCache(this.#device, { capacity: CACHE });
    this.#ids = new Idx(cache, 0, Number.MAX_SAFE_INTEGER, format);
  }

  /** The number of the entry of the object with this raw id; undefined if there is none. */
  find(id: Uint8Array): number | undefined {
    const index = this.#ids.indexOf(id);
    return index === undefined ? undefined : this.#numbers[index];
  }

  /** The number of the entry at an offset of a PACK; undefined if none begins there. */
  at(source: number, offset: number): number | undefined {
    return this.#search(source * MAX_PACK_BYTES + offset);
  }

  /** The number of the PACK that an entry is in. */
  source(entry: number): number {
    return Math.floor((this.#locations[entry] as number) / MAX_PACK_BYTES);
  }

  /** Offset of an entry in its PACK. */
  offset(entry: number): number {
    return (this.#locations[entry] as number) % MAX_PACK_BYTES;
  }

  /** Bytes of an entry, its header included. */
  byteLength(entry: number): number {
    const next = this.#locations[entry + 1];
    const source = this.source(entry);
    const end = source * MAX_PACK_BYTES + (this.#ends[source] as number);
    return Math.min(next ?? end, end) - (this.#locations[entry] as number);
  }

  /** The raw id at an index in the order of ids. */
  idAt(index: number): Uint8Array {
    return this.#ids.idAt(index);
  }

  /** The number of the entry whose id is at an index in the order of ids. */
  entryAt(index: number): number {
    return this.#numbers[index] as number;
  }

  [Symbol.dispose](): void {
    this.#device.close();
  }

  #search(location: number): number | undefined {
    const locations = this.#locations;
    let low = 0;
    let high = locations.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((locations[middle] as number) < location) low = middle + 1;
      else high = middle;
    }
    return locations[low] === location ? low : undefined;
  }
}
