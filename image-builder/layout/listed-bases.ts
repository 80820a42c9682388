import { type EntryRange, MAX_BASES } from "../../reader/layout/format.ts";

/** The bases that a layout lists of an object: all of a short chain, of a longer one the nearest. */
export function listedBases(chain: Iterable<EntryRange>): readonly EntryRange[] {
  const bases: EntryRange[] = [];
  for (const base of chain) {
    bases.push(base);
    if (bases.length > MAX_BASES) return bases.slice(0, 1);
  }
  return bases;
}
