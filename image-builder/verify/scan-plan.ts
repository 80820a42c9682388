import type { SectorCache } from "../../reader/block/sector-cache.ts";
import { InvalidImageError } from "../../reader/errors.ts";
import { HEADER_SIZE } from "../../reader/image/header.ts";
import { FIRST_ENTRY } from "../../reader/pack/format.ts";
import { Idx } from "../../reader/pack/idx.ts";
import { type EntryRange, readPackHeader } from "../../reader/pack/scan.ts";

/** Bytes of a part: enough that taking one costs nothing, little enough that all threads end at about the same time. */
const PART = 2 * 1024 * 1024;

/** Bytes of a PACK from which on further threads are worth their start. */
const WORTHWHILE = 8 * 1024 * 1024;

/**
 * Cuts a PACK into parts that can be scanned each by itself. Where entries begin is known from the IDX, which is not yet
 * proved: parts that do not fit together when they have been scanned prove it wrong.
 *
 * @returns undefined when the PACK is small, or the IDX cannot be of this PACK.
 */
export function planScan(cache: SectorCache, indexOffset: number): EntryRange[] | undefined {
  if (indexOffset < WORTHWHILE) return undefined;
  try {
    const count = readPackHeader(cache, HEADER_SIZE, indexOffset);
    const idx = new Idx(cache, indexOffset, indexOffset - HEADER_SIZE);
    return idx.count === count ? cut(offsetsOf(idx)) : undefined;
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

function cut(offsets: Float64Array): EntryRange[] | undefined {
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
