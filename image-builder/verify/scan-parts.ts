import { openFileDevice } from "../../guest/block/file.ts";
import { SectorCache } from "../../guest/block/sector-cache.ts";
import { ID_LENGTH } from "../../guest/git/object-id.ts";
import { HEADER_SIZE } from "../../guest/image/header.ts";
import { Pack } from "../../guest/pack/pack.ts";
import { type EntryRange, type ScannedPack, scanEntries } from "../../guest/pack/scan.ts";

/** What several threads share that scan one PACK. */
export interface ScanTask {
  readonly path: string;
  readonly indexOffset: number;
  readonly parts: readonly EntryRange[];
  /** Shared: the next part that nobody has taken, and the number of entries done. */
  readonly counters: Int32Array<SharedArrayBuffer>;
}

/** Places in `counters`. */
export const NEXT_PART = 0;
export const ENTRIES_DONE = 1;

/** A part, by its place among them, and what was found in it. */
export type ScannedPart = readonly [part: number, scanned: Omit<ScannedPack, "trailer">];

/**
 * Scans one part after the other that nobody else has taken, until none is left.
 * @param onProgress told how many entries are done by all threads together.
 * @throws {InvalidImageError} if a part is damaged or the plan is wrong; nobody then takes another part.
 */
export function scanParts(task: ScanTask, onProgress?: (done: number) => void): ScannedPart[] {
  const { parts, counters, indexOffset } = task;
  const device = openFileDevice(task.path);
  try {
    const cache = new SectorCache(device);
    // No base is needed to inflate a delta.
    const pack = new Pack(cache, HEADER_SIZE, indexOffset, () => undefined);
    const found: ScannedPart[] = [];
    for (;;) {
      const part = Atomics.add(counters, NEXT_PART, 1);
      const range = parts[part];
      if (range === undefined) return found;
      found.push([part, scanEntries(cache, pack, HEADER_SIZE, range)]);
      const before = Atomics.add(counters, ENTRIES_DONE, range.count);
      onProgress?.(before + range.count);
    }
  } catch (error) {
    Atomics.store(counters, NEXT_PART, parts.length);
    throw error;
  } finally {
    device.close();
  }
}

/** Puts the parts together; undefined if they do not follow one another without a gap. */
export function joinParts(
  parts: readonly EntryRange[],
  found: readonly ScannedPart[],
): Omit<ScannedPack, "trailer"> | undefined {
  const scans = new Array<Omit<ScannedPack, "trailer"> | undefined>(parts.length).fill(undefined);
  for (const [part, scanned] of found) scans[part] = scanned;
  const count = parts.reduce((sum, part) => sum + part.count, 0);
  const joined = {
    count,
    offsets: new Float64Array(count + 1),
    crcs: new Uint32Array(count),
    kinds: [] as ScannedPack["kinds"],
    sizes: new Float64Array(count),
    ids: new Uint8Array(count * ID_LENGTH),
    bases: [] as ScannedPack["bases"],
  };
  let first = 0;
  for (const [part, scan] of scans.entries()) {
    const next = parts[part + 1];
    if (scan === undefined) return undefined;
    if (next !== undefined && scan.offsets[scan.count] !== next.offset) return undefined;
    joined.offsets.set(scan.offsets, first);
    joined.crcs.set(scan.crcs, first);
    joined.sizes.set(scan.sizes, first);
    joined.ids.set(scan.ids, first * ID_LENGTH);
    for (const kind of scan.kinds) joined.kinds.push(kind);
    for (const base of scan.bases) joined.bases.push(base);
    first += scan.count;
  }
  return joined;
}
