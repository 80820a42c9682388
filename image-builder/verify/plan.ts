import { availableParallelism } from "node:os";
import type { BlockDevice } from "../../reader/block/device.ts";
import { SectorCache } from "../../reader/block/sector-cache.ts";
import { InvalidImageError } from "../../reader/errors.ts";
import { readHeader } from "../../reader/image/header.ts";
import { NODE_FORMATS } from "../../reader/node-platform.ts";
import { idxLayout } from "../../reader/pack/idx-format.ts";
import { readPackHeader } from "../../reader/pack/scan.ts";
import { type AnalysisTask, analysisTask } from "./analysis-task.ts";
import { checkIdxFits } from "./check-idx.ts";

/** Each thread has caches of its own. */
const MAX_THREADS = 4;

/** Bytes and entries of a PACK up to which a thread takes longer to start than it saves. */
const SMALL = { bytes: 3 * 1024 * 1024, entries: 10_000 } as const;

/**
 * How the PACK of an image is to be analyzed: by one thread if it is small.
 * @returns undefined if something is wrong with the image.
 */
export function planAnalysis(
  path: string,
  device: BlockDevice,
  threads = Math.min(availableParallelism(), MAX_THREADS),
): AnalysisTask | undefined {
  try {
    const cache = new SectorCache(device);
    const header = readHeader(cache);
    const { hash, packStart, indexOffset } = header;
    const format = NODE_FORMATS[hash];
    const count = readPackHeader(cache, packStart, indexOffset, format);
    checkIdxFits(cache, indexOffset, count, idxLayout(count, 0, format));
    const isSmall = indexOffset <= SMALL.bytes && count <= SMALL.entries;
    return analysisTask(path, header, count, isSmall ? 1 : threads);
  } catch (error) {
    // A disk may be of any size, and claim more objects than memory can be had for.
    if (error instanceof InvalidImageError || error instanceof RangeError) return undefined;
    throw error;
  }
}
