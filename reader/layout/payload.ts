import type { EntryType } from "../git/tree.ts";
import { type EntryRange, type ObjectLocation, SAME_BASES, SAME_REST } from "./format.ts";
import { writeVarint, zigzag } from "./varint.ts";

/**
 * Writes what a leaf says of an entry: its id; and, but of a submodule, where its object lies in the PACK,
 * how large it is, and on what it is built.
 *
 * An offset is given by its distance from the end of the object of the entry before it, of trees and of
 * others each: 0 for most, since `docteur make` writes both in the order of the keys. Of two deltas that
 * follow one another many have the same base.
 */
export class PayloadWriter {
  readonly #idLength: number;
  #treeEnd = 0;
  #blobEnd = 0;
  /** Those of the delta before. */
  #bases: readonly EntryRange[] = [];

  constructor(idLength: number) {
    this.#idLength = idLength;
  }

  /** Forgets what was before. */
  restart(): void {
    this.#treeEnd = 0;
    this.#blobEnd = 0;
    this.#bases = [];
  }

  /** @returns where the next byte goes. */
  write(
    bytes: Uint8Array,
    at: number,
    isRestart: boolean,
    type: EntryType,
    id: Uint8Array,
    location: ObjectLocation | undefined,
  ): number {
    if (isRestart) this.restart();
    bytes.set(id, at);
    let end = at + this.#idLength;
    if (location === undefined) return end;
    const { offset, length, size, bases } = location;
    const how = this.#howToList(bases);
    const distance = offset - (type === "tree" ? this.#treeEnd : this.#blobEnd);
    if (type === "tree") this.#treeEnd = offset + length;
    else this.#blobEnd = offset + length;
    end = writeVarint(bytes, end, zigzag(distance) * 8 + how);
    end = writeVarint(bytes, end, length);
    end = writeVarint(bytes, end, size);
    const listed = how === SAME_BASES ? 0 : how === SAME_REST ? 1 : bases.length;
    let from = offset;
    for (const base of bases.slice(0, listed)) {
      end = writeVarint(bytes, end, zigzag(from - base.offset));
      end = writeVarint(bytes, end, base.length);
      from = base.offset;
    }
    if (bases.length > 0) this.#bases = bases;
    return end;
  }

  #howToList(bases: readonly EntryRange[]): number {
    const before = this.#bases;
    if (bases.length === 0 || bases.length !== before.length) return bases.length;
    const rest = bases.slice(1).every((base, i) => isSame(base, before[i + 1] as EntryRange));
    if (!rest) return bases.length;
    if (isSame(bases[0] as EntryRange, before[0] as EntryRange)) return SAME_BASES;
    return bases.length > 1 ? SAME_REST : bases.length;
  }
}

function isSame(a: EntryRange, b: EntryRange): boolean {
  return a.offset === b.offset && a.length === b.length;
}
