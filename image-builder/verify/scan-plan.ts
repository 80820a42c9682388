import type { SectorCache } from "../../reader/block/sector-cache.ts";
import { InvalidImageError } from "../../reader/errors.ts";
import { HEADER_SIZE } from "../../reader/image/header.ts";
import { FIRST_ENTRY } from "../../reader/pack/format.ts";
import { IDX_SIGNATURE, Idx, LARGE_OFFSET } from "../../reader/pack/idx.ts";
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
    if (new Idx(cache, indexOffset, indexOffset - HEADER_SIZE).count !== count) return undefined;
    return cut(offsetsFromIdx(cache, indexOffset, count));
  } catch (error) {
    if (error instanceof InvalidImageError) return undefined;
    throw error;
  }
}

/** Ascending. */
function offsetsFromIdx(cache: SectorCache, indexOffset: number, count: number): Float64Array {
  const tables = indexOffset + IDX_SIGNATURE.length + 256 * 4;
  const small = tables + count * 24;
  const large = small + count * 4;
  const offsets = new Float64Array(count);
  for (let entry = 0; entry < count; entry++) {
    const offset = Buffer.from(cache.read(small + entry * 4, 4)).readUInt32BE();
    offsets[entry] =
      offset < LARGE_OFFSET
        ? offset
        : Number(Buffer.from(cache.read(large + (offset - LARGE_OFFSET) * 8, 8)).readBigUInt64BE());
  }
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
