import { type SectorCache, Window } from "../block/sector-cache.ts";
import { InvalidImageError } from "../errors.ts";
import { ID_LENGTH } from "../git/object-id.ts";
import { FIRST_ENTRY } from "./format.ts";
import type { ObjectIndex } from "./object-index.ts";

/** `\377tOc` and version 2. */
export const IDX_SIGNATURE = Uint8Array.of(0xff, 0x74, 0x4f, 0x63, 0, 0, 0, 2);

const FAN_OUT_START = IDX_SIGNATURE.length;
const FAN_OUT_SIZE = 256 * 4;
const IDS_START = FAN_OUT_START + FAN_OUT_SIZE;

/** Offsets from 2^31 on are kept in a table of 64-bit numbers; this bit says that an offset is a place in it. */
export const LARGE_OFFSET = 0x80000000;

/**
 * The IDX version 2 as it lies on the disk (git's `pack-format`). Only the fan-out table, 1 KiB, is held in memory; ids
 * and offsets are read by sector through the cache.
 */
export class Idx implements ObjectIndex {
  readonly count: number;
  readonly #cache: SectorCache;
  readonly #start: number;
  readonly #packSize: number;
  readonly #fanOut: Uint32Array;
  /** Where what is looked at lies. */
  readonly #window = new Window();

  /**
   * @param start byte offset of the IDX in the image.
   * @param packSize bytes in which the PACK lies; no offset may point beyond them.
   * @throws {InvalidImageError} fault `idx-header`: not an IDX version 2, a fan-out that decreases, tables that do not
   * fit on the disk.
   */
  constructor(cache: SectorCache, start: number, packSize: number) {
    const fail = (what: string, offset: number) => new InvalidImageError("idx-header", what, { offset });
    if (start + IDS_START > cache.size) throw fail("no IDX fits between the index offset and the end", start);
    const signature = cache.read(start, FAN_OUT_START);
    if (!IDX_SIGNATURE.every((byte, i) => byte === signature[i])) {
      throw fail("there is no IDX version 2 at the index offset", start);
    }
    const table = cache.read(start + FAN_OUT_START, FAN_OUT_SIZE);
    const view = new DataView(table.buffer, table.byteOffset, table.byteLength);
    const fanOut = Uint32Array.from({ length: 256 }, (_, i) => view.getUint32(i * 4));
    fanOut.forEach((count, i) => {
      if (i > 0 && count < (fanOut[i - 1] as number))
        throw fail("the fan-out decreases", start + FAN_OUT_START + i * 4);
    });
    this.count = fanOut[255] as number;
    const end = start + IDS_START + this.count * (ID_LENGTH + 8) + 2 * ID_LENGTH;
    if (end > cache.size) throw fail(`an IDX of ${this.count} objects does not fit on the disk`, start);
    this.#cache = cache;
    this.#start = start;
    this.#packSize = packSize;
    this.#fanOut = fanOut;
  }

  /**
   * Ids are as good as random, so where one lies can be guessed from its digits: a few guesses do, where halving the range
   * takes one for each of its binary digits. If guessing does not help, the IDX is not what it seems, and halving does.
   *
   * @throws {InvalidImageError} fault `idx-entry`, if the offset found does not lie in the PACK.
   */
  find(ids: Uint8Array, start = 0): number | undefined {
    const { memory } = this.#cache;
    const window = this.#window;
    const first = ids[start] as number;
    const wanted = digits(ids, start);
    let low = first === 0 ? 0 : (this.#fanOut[first - 1] as number);
    let high = this.#fanOut[first] as number;
    let lowDigits = 0;
    let highDigits = 2 ** 24;
    for (let guesses = 0; low < high; guesses++) {
      const share = guesses < MAX_GUESSES ? (wanted - lowDigits) / (highDigits - lowDigits) : 0.5;
      const middle = low + Math.min(high - low - 1, Math.floor(Math.max(0, share) * (high - low)) || 0);
      this.#cache.window(this.#start + IDS_START + middle * ID_LENGTH, ID_LENGTH, window);
      const found = digits(memory, window.start);
      const difference = found - wanted || compareIds(memory, window.start, ids, start);
      if (difference === 0) return this.#offset(middle);
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

  #offset(position: number): number {
    const offsets = this.#start + IDS_START + this.count * (ID_LENGTH + 4);
    const place = offsets + position * 4;
    let offset = this.#uint32(place);
    if (offset >= LARGE_OFFSET) {
      const large = offsets + this.count * 4 + (offset - LARGE_OFFSET) * 8;
      if (large + 8 > this.#cache.size) {
        const what = "the IDX points outside its table of large offsets";
        throw new InvalidImageError("idx-entry", what, { offset: place });
      }
      offset = this.#uint32(large) * 2 ** 32 + this.#uint32(large + 4);
    }
    if (offset < FIRST_ENTRY || offset >= this.#packSize) {
      throw new InvalidImageError("idx-entry", "the IDX points outside the PACK", { offset: place });
    }
    return offset;
  }

  #uint32(offset: number): number {
    this.#cache.window(offset, 4, this.#window);
    const { memory } = this.#cache;
    const { start } = this.#window;
    return (memory[start] as number) * 2 ** 24 + digits(memory, start);
  }
}

const MAX_GUESSES = 6;

/** The second to fourth byte of four as a number of 24 bits; of an id the digits after those that the fan-out is about. */
function digits(bytes: Uint8Array, start: number): number {
  return (
    ((bytes[start + 1] as number) << 16) | ((bytes[start + 2] as number) << 8) | (bytes[start + 3] as number)
  );
}

function compareIds(a: Uint8Array, startA: number, b: Uint8Array, startB: number): number {
  for (let i = 0; i < ID_LENGTH; i++) {
    const difference = (a[startA + i] as number) - (b[startB + i] as number);
    if (difference !== 0) return difference;
  }
  return 0;
}
