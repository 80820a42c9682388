import { type SectorCache, Window } from "../block/sector-cache.ts";
import { InvalidImageError } from "../errors.ts";
import type { ObjectFormat } from "../git/object-format.ts";
import { FIRST_ENTRY } from "./format.ts";
import {
  FAN_OUT_COUNT,
  FAN_OUT_OFFSET,
  IDX_SIGNATURE,
  type IdxEntry,
  type IdxLayout,
  idxLayout,
  LARGE_OFFSET,
} from "./idx-format.ts";
import type { ObjectIndex } from "./object-index.ts";

/** Guesses at where an id lies before the range is halved instead. */
const MAX_GUESSES = 6;

/** Entries whose part of each table is read at a time by `entries`. */
const STRIDE = 1024;

/**
 * The IDX version 2 as it lies on the disk (git's `pack-format`). Only the fan-out table, 1 KiB, is held in
 * memory; ids and offsets are read by sector through the cache. Indexes are those in the order of ids, from 0
 * on.
 */
export class Idx implements ObjectIndex {
  readonly count: number;
  readonly #cache: SectorCache;
  readonly #start: number;
  readonly #layout: IdxLayout;
  readonly #packSize: number;
  readonly #idLength: number;
  readonly #fanOut: Uint32Array;
  /** Where the bytes that are looked at lie. */
  readonly #window = new Window();

  /**
   * @param start byte offset of the IDX in the image.
   * @param packSize bytes of the PACK at most; every offset lies before them.
   * @throws {InvalidImageError} fault `idx-header`: not an IDX version 2, a fan-out that decreases, tables
   * that do not fit on the disk.
   */
  constructor(cache: SectorCache, start: number, packSize: number, format: ObjectFormat) {
    const fail = (what: string, offset: number) => new InvalidImageError("idx-header", what, { offset });
    const tables = start + idxLayout(0, 0, format).ids;
    if (tables > cache.size) throw fail("no IDX fits between the index offset and the end", start);
    const signature = cache.read(start, IDX_SIGNATURE.length);
    if (!IDX_SIGNATURE.every((byte, i) => byte === signature[i])) {
      throw fail("there is no IDX version 2 at the index offset", start);
    }
    const table = cache.read(start + FAN_OUT_OFFSET, FAN_OUT_COUNT * 4);
    const view = new DataView(table.buffer, table.byteOffset, table.byteLength);
    const fanOut = Uint32Array.from({ length: FAN_OUT_COUNT }, (_, i) => view.getUint32(i * 4));
    fanOut.forEach((count, i) => {
      if (i > 0 && count < (fanOut[i - 1] as number))
        throw fail("the fan-out decreases", start + FAN_OUT_OFFSET + i * 4);
    });
    this.count = fanOut[FAN_OUT_COUNT - 1] as number;
    this.#layout = idxLayout(this.count, 0, format);
    if (start + this.#layout.length > cache.size) {
      throw fail(`an IDX of ${this.count} objects does not fit on the disk`, start);
    }
    this.#cache = cache;
    this.#start = start;
    this.#packSize = packSize;
    this.#idLength = format.idLength;
    this.#fanOut = fanOut;
  }

  /**
   * Ids are as good as random, so where one lies can be guessed from its digits: a few guesses do, where
   * halving the range takes one for each of its binary digits. If guessing does not help, the IDX is not what
   * it seems, and halving does.
   *
   * @throws {InvalidImageError} fault `idx-entry`, if the offset found does not lie in the PACK.
   */
  find(ids: Uint8Array, start = 0): number | undefined {
    const index = this.indexOf(ids, start);
    return index === undefined ? undefined : this.offsetAt(index);
  }

  /**
   * The index of an object; undefined if the IDX lacks it.
   * @param ids hold its raw id from `start` on.
   */
  indexOf(ids: Uint8Array, start = 0): number | undefined {
    const { memory } = this.#cache;
    const window = this.#window;
    const idLength = this.#idLength;
    const table = this.#start + this.#layout.ids;
    const first = ids[start] as number;
    const wanted = digits(ids, start);
    let low = first === 0 ? 0 : (this.#fanOut[first - 1] as number);
    let high = this.#fanOut[first] as number;
    let lowDigits = 0;
    let highDigits = 2 ** 24;
    for (let guesses = 0; low < high; guesses++) {
      const share = guesses < MAX_GUESSES ? (wanted - lowDigits) / (highDigits - lowDigits) : 0.5;
      const middle = low + Math.min(high - low - 1, Math.floor(Math.max(0, share) * (high - low)) || 0);
      this.#cache.window(table + middle * idLength, idLength, window);
      const found = digits(memory, window.start);
      const difference = found - wanted || compareIds(memory, window.start, ids, start, idLength);
      if (difference === 0) return middle;
      if (difference < 0) {
        low = middle + 1;
        lowDigits = found;
      } else {
        high = middle;
        highDigits = found;
      }
    }
    return undefined;
  }

  /** A copy of the raw id at an index. */
  idAt(index: number): Uint8Array {
    const length = this.#idLength;
    return new Uint8Array(this.#cache.read(this.#start + this.#layout.ids + index * length, length));
  }

  /** The CRC-32 of the entry at an index, as it lies in the PACK. */
  crcAt(index: number): number {
    return this.#uint32(this.#start + this.#layout.crcs + index * 4);
  }

  /**
   * The offset in the PACK of the entry at an index.
   * @throws {InvalidImageError} fault `idx-entry`, if it does not lie in the PACK.
   */
  offsetAt(index: number): number {
    const at = this.#start + this.#layout.offsets + index * 4;
    let offset = this.#uint32(at);
    if (offset >= LARGE_OFFSET) {
      const large = this.#start + this.#layout.largeOffsets + (offset - LARGE_OFFSET) * 8;
      if (large + 8 > this.#cache.size) {
        const what = "the IDX points outside its table of large offsets";
        throw new InvalidImageError("idx-entry", what, { offset: at });
      }
      offset = this.#uint32(large) * 2 ** 32 + this.#uint32(large + 4);
    }
    if (offset < FIRST_ENTRY || offset >= this.#packSize) {
      throw new InvalidImageError("idx-entry", "the IDX points outside the PACK", { offset: at });
    }
    return offset;
  }

  /**
   * All entries, in the order of their ids.
   * @throws {InvalidImageError} as `offsetAt`.
   */
  *entries(): Generator<IdxEntry> {
    const length = this.#idLength;
    const table = this.#start + this.#layout.ids;
    for (let first = 0; first < this.count; first += STRIDE) {
      const rows = Math.min(STRIDE, this.count - first);
      // Table by table: blocks of two tables may share a slot of the cache, and then would be read again for
      // each entry.
      const ids = new Uint8Array(this.#cache.read(table + first * length, rows * length));
      const crcs = Array.from({ length: rows }, (_, row) => this.crcAt(first + row));
      const offsets = Array.from({ length: rows }, (_, row) => this.offsetAt(first + row));
      for (let row = 0; row < rows; row++) {
        const id = ids.subarray(row * length, (row + 1) * length);
        yield { id, crc: crcs[row] as number, offset: offsets[row] as number };
      }
    }
  }

  #uint32(offset: number): number {
    this.#cache.window(offset, 4, this.#window);
    const { memory } = this.#cache;
    const { start } = this.#window;
    return (memory[start] as number) * 2 ** 24 + digits(memory, start);
  }
}

/**
 * The second to fourth byte of four as a number of 24 bits; of an id the digits after those that the fan-out
 * is about.
 */
function digits(bytes: Uint8Array, start: number): number {
  return (
    ((bytes[start + 1] as number) << 16) | ((bytes[start + 2] as number) << 8) | (bytes[start + 3] as number)
  );
}

function compareIds(a: Uint8Array, startA: number, b: Uint8Array, startB: number, length: number): number {
  for (let i = 0; i < length; i++) {
    const difference = (a[startA + i] as number) - (b[startB + i] as number);
    if (difference !== 0) return difference;
  }
  return 0;
}
