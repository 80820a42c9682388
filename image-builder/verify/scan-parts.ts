import { openFileDevice } from "../../reader/block/file.ts";
import { SectorCache } from "../../reader/block/sector-cache.ts";
import { HEADER_SIZE } from "../../reader/image/header.ts";
import { EntryTable } from "../../reader/pack/entry-table.ts";
import { Pack } from "../../reader/pack/pack.ts";
import { type EntryRange, scanEntries } from "../../reader/pack/scan.ts";

/** What the threads that scan one PACK share. */
export interface ScanTask {
  readonly path: string;
  readonly indexOffset: number;
  readonly parts: readonly EntryRange[];
  /** Shared: the memory of the `EntryTable` of all parts. */
  readonly memory: SharedArrayBuffer;
  /** Shared: the next part to scan, and the number of entries done. */
  readonly counters: Int32Array<SharedArrayBuffer>;
}

/** Indexes in `counters`. */
export const NEXT_PART = 0;
export const ENTRIES_DONE = 1;

/** A part, by its index in `parts`, and the offset at which its last entry ends. */
export type ScannedPart = readonly [part: number, end: number];

/**
 * Scans parts into the shared table, one after the other, until none is left.
 * @param onProgress called with the entries that all threads together have done.
 * @throws {InvalidImageError} if a part is damaged or the plan is wrong; no thread starts another part then.
 */
export function scanParts(task: ScanTask, onProgress?: (done: number) => void): ScannedPart[] {
  const { parts, counters, indexOffset } = task;
  const device = openFileDevice(task.path);
  try {
    const cache = new SectorCache(device);
    // No base is needed to inflate a delta.
    const pack = new Pack(cache, HEADER_SIZE, indexOffset, () => undefined);
    const table = new EntryTable(countOf(parts), task.memory);
    const found: ScannedPart[] = [];
    for (;;) {
      const part = Atomics.add(counters, NEXT_PART, 1);
      const range = parts[part];
      if (range === undefined) return found;
      found.push([part, scanEntries(cache, pack, HEADER_SIZE, range, table)]);
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

/** Entries in all parts. */
export function countOf(parts: readonly EntryRange[]): number {
  return parts.reduce((sum, { count }) => sum + count, 0);
}

/** The offset at which the last part ends; undefined if the parts do not follow one another without a gap. */
export function endOf(parts: readonly EntryRange[], found: readonly ScannedPart[]): number | undefined {
  const ends = new Map(found);
  const fits = parts.every((_, part) => {
    const next = parts[part + 1];
    return ends.has(part) && (next === undefined || ends.get(part) === next.offset);
  });
  return fits ? ends.get(parts.length - 1) : undefined;
}
