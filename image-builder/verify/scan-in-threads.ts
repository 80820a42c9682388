import { createHash, type Hash } from "node:crypto";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { BlockDevice } from "../../reader/block/device.ts";
import { SectorCache } from "../../reader/block/sector-cache.ts";
import { InvalidImageError } from "../../reader/errors.ts";
import { HEADER_SIZE, readHeader } from "../../reader/image/header.ts";
import { EntryTable } from "../../reader/pack/entry-table.ts";
import { checkTrailer, type EntryRange, type ScannedPack } from "../../reader/pack/scan.ts";
import { countOf, endOf, type ScannedPart, type ScanTask, scanParts } from "./scan-parts.ts";
import { planScan } from "./scan-plan.ts";
import { SMALL_HEAP } from "./small-heap.ts";

/** Each thread has caches of its own. */
const MAX_THREADS = 4;

/** Bytes read at a time for the checksum over the PACK. */
const CHUNK = 256 * 1024;

/**
 * Scans the PACK of an image file in several threads, this one among them.
 *
 * @param worker the program of the other threads, which gets a `ScanTask` and answers with `ScannedPart`s or
 * null.
 * @returns undefined when more threads save no time, or when anything is wrong: a scan from the first byte to
 * the last then finds what, and where.
 */
export async function scanInThreads(
  path: string,
  device: BlockDevice,
  worker: URL,
  onProgress?: (done: number, count: number) => void,
  threads = Math.min(availableParallelism(), MAX_THREADS),
): Promise<ScannedPack | undefined> {
  const cache = new SectorCache(device, { blockSize: CHUNK, capacity: 2 * CHUNK });
  const plan = planFor(cache);
  if (plan === undefined || threads < 2) return undefined;
  const { parts, indexOffset } = plan;
  const count = countOf(parts);
  const memory = new SharedArrayBuffer(EntryTable.byteLength(count));
  const task: ScanTask = {
    path,
    indexOffset,
    parts,
    memory,
    counters: new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT)),
  };
  const others = Array.from({ length: threads - 1 }, () => inAnotherThread(worker, task));
  // While the others scan: a checksum over the PACK cannot be split.
  const { offset } = parts.at(-1) as EntryRange;
  const sum = createHash("sha1");
  update(sum, cache, HEADER_SIZE, HEADER_SIZE + offset);
  const own = unlessInvalid(() => scanParts(task, (done) => onProgress?.(done, count)));
  const found = [own, ...(await Promise.all(others))];
  if (!found.every((each) => each !== undefined)) return undefined;
  return unlessInvalid(() => {
    const end = endOf(parts, found.flat());
    if (end === undefined) return undefined;
    update(sum, cache, HEADER_SIZE + offset, HEADER_SIZE + end);
    const table = new EntryTable(count, memory);
    table.offsets[count] = end;
    return { table, trailer: checkTrailer(cache, HEADER_SIZE + end, indexOffset, sum.digest()) };
  });
}

function planFor(cache: SectorCache) {
  return unlessInvalid(() => {
    const { indexOffset } = readHeader(cache);
    const parts = planScan(cache, indexOffset);
    return parts && { parts, indexOffset };
  });
}

async function inAnotherThread(program: URL, task: ScanTask): Promise<ScannedPart[] | undefined> {
  const worker = new Worker(program, { workerData: task, resourceLimits: SMALL_HEAP });
  let found: ScannedPart[] | undefined;
  worker.on("message", (message: ScannedPart[] | null) => {
    found = message ?? undefined;
  });
  await once(worker, "exit");
  return found;
}

/** What the other threads do. */
export function scanForAnother(task: ScanTask): ScannedPart[] | null {
  return unlessInvalid(() => scanParts(task)) ?? null;
}

function unlessInvalid<Result>(work: () => Result): Result | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof InvalidImageError) return undefined;
    throw error;
  }
}

/** Hashes the image's bytes from `start` to `end`. */
function update(hash: Hash, cache: SectorCache, start: number, end: number): void {
  for (let at = start; at < end; ) {
    const piece = cache.piece(at, end);
    hash.update(piece);
    at += piece.length;
  }
}
