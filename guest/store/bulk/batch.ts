import { ID_LENGTH } from "../../git/object-id.ts";
import type { Objects } from "../../pack/objects.ts";

/** Contents of many blobs, one after the other in a few pieces of memory that can be handed from thread to thread. */
export interface Batch {
  readonly slabs: ArrayBuffer[];
  /** What was offered as memory for slabs and was not needed. */
  readonly spare: ArrayBuffer[];
  /**
   * Three numbers a blob: its slab, and where in it the content starts and ends. A blob that cannot be read, or is larger
   * than a slab, has slab `LEFT`; one that did not fit any more, `UNREAD`.
   */
  readonly places: Float64Array;
}

export const LEFT = -1;
export const UNREAD = -2;

/** Bytes of a slab. */
export const SLAB_SIZE = 1024 * 1024;

/** A batch ends after the blob that brings it to this many bytes. */
const BATCH_SIZE = 2 * SLAB_SIZE;

/**
 * Reads blobs in the order given until there are no more or their contents fill the batch.
 *
 * @param ids raw ids, 20 bytes each.
 * @param spare slabs of earlier batches whose memory is free again.
 */
export function readBatch(objects: Objects, ids: Uint8Array, spare: ArrayBuffer[]): Batch {
  const count = ids.length / ID_LENGTH;
  const places = new Float64Array(count * 3).fill(UNREAD);
  const slabs: ArrayBuffer[] = [];
  let slab = new Uint8Array();
  let used = 0;
  let total = 0;
  const allocate = (size: number): Uint8Array => {
    if (size > SLAB_SIZE) throw new RangeError("larger than a slab");
    if (used + size > slab.length) {
      slab = new Uint8Array(spare.pop() ?? new ArrayBuffer(SLAB_SIZE));
      slabs.push(slab.buffer as ArrayBuffer);
      used = 0;
    }
    return slab.subarray(used, used + size);
  };
  for (let i = 0; i < count && total < BATCH_SIZE; i++) {
    const id = ids.subarray(i * ID_LENGTH, (i + 1) * ID_LENGTH);
    try {
      const content = objects.read(id, "blob", allocate);
      used = content.byteOffset + content.length;
      places[i * 3] = slabs.length - 1;
      places[i * 3 + 1] = content.byteOffset;
      places[i * 3 + 2] = used;
      total += content.length;
    } catch {
      // The one who wants this blob reads it alone: with the memory it needs, or to get the error itself.
      places[i * 3] = LEFT;
    }
  }
  return { slabs, spare, places };
}
