import type { FileHandle } from "node:fs/promises";
import { openFileDevice } from "../../reader/block/file.ts";
import { SectorCache } from "../../reader/block/sector-cache.ts";
import { boundsOf } from "../../reader/bounds.ts";
import { parseCommit } from "../../reader/git/commit.ts";
import { raw } from "../../reader/git/object-id.ts";
import { headerSize } from "../../reader/image/header.ts";
import { Idx } from "../../reader/pack/idx.ts";
import { Objects } from "../../reader/pack/objects.ts";
import { Pack } from "../../reader/pack/pack.ts";
import { Work, WorkLimitError } from "../../reader/pack/work.ts";
import type { UnfinishedImage } from "../check-readable.ts";
import { EventLoopYield } from "../event-loop.ts";
import { boundedTrees } from "./bounded-trees.ts";
import { type LayoutPiece, layoutPieces, SMALLEST_WITH_LAYOUT } from "./layout-pieces.ts";
import { ObjectLocations } from "./object-locations.ts";

export interface ImageLayoutOptions {
  /** The commit's id, hexadecimal. */
  readonly commit: string;
  /** Bytes; see `checkBlockSize`. */
  readonly blockSize: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Writes the layout of a commit behind its PACK in an unfinished image, unless the image is so small that it
 * needs none.
 *
 * @param file the image, to write to.
 * @param start where the layout may begin, in bytes from the start of the image.
 * @returns where the IDX may begin; and why there is no layout, if there should be one.
 * @throws {InvalidImageError} if the PACK is damaged; what `fs` throws; the signal's reason when aborted.
 */
export async function writeImageLayout(
  file: FileHandle,
  start: number,
  { image, packBytes, idx: idxPath, format }: UnfinishedImage,
  { commit, blockSize, signal }: ImageLayoutOptions,
): Promise<{ readonly end: number; readonly why?: string }> {
  const [packDevice, idxDevice] = [openFileDevice(image), openFileDevice(idxPath)];
  try {
    if (start + idxDevice.size <= SMALLEST_WITH_LAYOUT) return { end: start };
    const cache = new SectorCache(packDevice);
    const packStart = headerSize(format.idLength);
    const idx = new Idx(new SectorCache(idxDevice), 0, packBytes, format);
    // Less than what `verifyDevice` allows, which counts the layout in.
    const bounds = boundsOf(packBytes);
    const options = { format, bounds, work: new Work(bounds.commandWork) };
    const pack = new Pack(cache, packStart, packStart + packBytes, (base) => idx.find(base), options);
    const objects = new Objects(idx, pack);
    const id = raw(commit);
    const locations = new ObjectLocations(idx, pack, packBytes - format.idLength);
    const eventLoop = new EventLoopYield(signal);
    const source = {
      commit: id,
      root: raw(parseCommit(objects.read(id, "commit"), commit).tree),
      idLength: format.idLength,
      objects: idx.count,
      readTree: boundedTrees(objects),
      locate: (object: Uint8Array) => locations.locate(object),
    };
    const pieces = layoutPieces(source, { start, blockSize });
    let next = pieces.next();
    for (; next.done !== true; next = pieces.next()) {
      if (next.value !== undefined) await write(file, next.value);
      if (eventLoop.isDue) await eventLoop.yield();
    }
    const written = next.value;
    return "why" in written ? { end: start, why: written.why } : { end: written.indexOffset };
  } catch (error) {
    if (!(error instanceof WorkLimitError)) throw error;
    return { end: start, why: "its folders take too much work to read" };
  } finally {
    packDevice.close();
    idxDevice.close();
  }
}

async function write(file: FileHandle, { at, bytes }: LayoutPiece): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += (await file.write(bytes, done, bytes.length - done, at + done)).bytesWritten;
  }
}
