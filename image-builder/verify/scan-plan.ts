import type { SectorCache } from "../../reader/block/sector-cache.ts";
import { InvalidImageError } from "../../reader/errors.ts";
import { HEADER_SIZE } from "../../reader/image/header.ts";
import { FIRST_ENTRY } from "../../reader/pack/format.ts";
import { Idx } from "../../reader/pack/idx.ts";
import { type EntryRange, readPackHeader } from "../../reader/pack/scan.ts";

/**
 * Bytes of a part: large beside the cost of starting one, small enough that all threads end at about the same
 * time.
 */
const PART = 2 * 1024 * 1024;

/** Bytes; for a smaller PACK further threads cost more than they save. */
const WORTHWHILE = 8 * 1024 * 1024;

/**
 * Splits a PACK into parts that can be scanned in parallel. The IDX, which is not verified yet, says where
 * entries begin: it is wrong if the scanned parts do not follow one another.
 *
 * @returns undefined when the PACK is small, or the IDX cannot be of this PACK.
 */
export function planScan(cache: SectorCache, indexOffset: number): EntryRange[] | undefined {
  if (indexOffset < WORTHWHILE) return undefined;
  try {
    const count = readPackHeader(cache, HEADER_SIZE, indexOffset);
    const idx = new Idx(cache, indexOffset, indexOffset - HEADER_SIZE);
    return idx.count === count ? split(offsetsOf(idx)) : undefined;
  } catch (error) {
    if (error instanceof InvalidImageError) return undefined;
    throw error;
  }
}

/** Ascending. @throws {InvalidImageError} fault `idx-entry`, if one does not lie in the PACK. */
function offsetsOf(idx: Idx): Float64Array {
  const offsets = new Float64Array(idx.count);
  for (let index = 0; index < idx.count; index++) offsets[index] = idx.offsetAt(index);
  return offsets.sort();
}

function split(offsets: Float64Array): EntryRange[] | undefined {
  if (offsets[0] !== FIRST_ENTRY) return undefined;
  const parts: EntryRange[] = [];
  let first = 0;
  for (let entry = 1; entry <= offsets.length; entry++) {
    const offset = offsets[first] as number;
    if (entry < offsets.length && (offsets[entry] as number) - offset < PART) continue;
    parts.push({ offset, first, count: entry - first });
    first = entry;
  }
  return parts;
}
