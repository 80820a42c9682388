import type { EntryRange, ObjectLocation } from "../../reader/layout/format.ts";
import type { EntryHeader } from "../../reader/pack/format.ts";
import type { Idx } from "../../reader/pack/idx.ts";
import type { Pack } from "../../reader/pack/pack.ts";
import { listedBases } from "./listed-bases.ts";

/** Tells where the objects of a PACK lie, by its IDX. Holds eight bytes an object. */
export class ObjectLocations {
  readonly #idx: Idx;
  readonly #pack: Pack;
  /** Where the entries begin, ascending, and where the last one ends. */
  readonly #offsets: Float64Array;

  /** @param end offset at which the last entry of the PACK ends. */
  constructor(idx: Idx, pack: Pack, end: number) {
    this.#idx = idx;
    this.#pack = pack;
    this.#offsets = new Float64Array(idx.count + 1);
    for (let index = 0; index < idx.count; index++) this.#offsets[index] = idx.offsetAt(index);
    this.#offsets[idx.count] = end;
    this.#offsets.sort();
  }

  /** The location of the object with this raw id, which the PACK has. @throws {InvalidImageError} */
  locate(id: Uint8Array): ObjectLocation {
    const offset = this.#idx.find(id);
    if (offset === undefined) throw new TypeError("the PACK lacks an object that a tree names");
    const { entries } = this.#pack;
    const header = entries.header(offset);
    const size = header.kind === undefined ? this.#pack.describe(offset).size : header.size;
    return { offset, length: this.#length(offset), size, bases: listedBases(this.#chain(header)) };
  }

  /** The entries that an object is built on, the nearest first. */
  *#chain(object: EntryHeader): Generator<EntryRange> {
    const { entries } = this.#pack;
    for (let header = object; header.kind === undefined; ) {
      const base = entries.baseOf(header);
      yield { offset: base, length: this.#length(base) };
      header = entries.header(base);
    }
  }

  #length(offset: number): number {
    const offsets = this.#offsets;
    let [low, high] = [0, offsets.length - 1];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((offsets[middle] as number) <= offset) low = middle + 1;
      else high = middle;
    }
    return (offsets[low] as number) - offset;
  }
}
