import { DocteurError } from "../errors.ts";
import { LONGEST_ID } from "../git/object-format.ts";
import type { Objects } from "../pack/objects.ts";
import { ObjectBuffer } from "../pack/output-buffer.ts";

/** Blobs in a batch at most. */
export const BATCH_COUNT = 64;

/** A blob that was not read: the batch was full. */
export const UNREAD = -2;

/** A blob that does not fit, though nothing else is in the batch. */
export const TOO_LARGE = -3;

/** A blob that cannot be read: its consumer reads it alone, and gets the error itself. */
export const LEFT = -1;

/**
 * Some blobs that are read in one go, and memory for their contents, which may be shared with a thread that
 * reads them.
 */
export interface Batch {
  /** How many blobs there are, in its first number. */
  readonly count: Int32Array;
  /** Raw ids, `LONGEST_ID` bytes from one to the next. */
  readonly ids: Uint8Array;
  /**
   * Two offsets in `memory` a blob: its start and end. The first may be `UNREAD`, `TOO_LARGE` or `LEFT`
   * instead.
   */
  readonly ranges: Int32Array;
  /** The contents. */
  readonly memory: Uint8Array;
}

const IDS = Int32Array.BYTES_PER_ELEMENT;
const RANGES = IDS + BATCH_COUNT * LONGEST_ID;
const MEMORY = RANGES + BATCH_COUNT * 2 * Int32Array.BYTES_PER_ELEMENT;

/** Bytes of a buffer for a batch whose contents have `memory` bytes. */
export function batchLength(memory: number): number {
  return MEMORY + memory;
}

/** The batch that lies in a buffer. */
export function batchIn(buffer: ArrayBufferLike): Batch {
  return {
    count: new Int32Array(buffer, 0, 1),
    ids: new Uint8Array(buffer, IDS, BATCH_COUNT * LONGEST_ID),
    ranges: new Int32Array(buffer, RANGES, BATCH_COUNT * 2),
    memory: new Uint8Array(buffer, MEMORY),
  };
}

/** Asks for those of at most `BATCH_COUNT` blobs that have an id, raw. */
export function fillBatch(batch: Batch, asks: Iterable<{ readonly id?: Uint8Array | undefined }>): void {
  let count = 0;
  for (const { id } of asks) if (id !== undefined) batch.ids.set(id, count++ * LONGEST_ID);
  batch.count[0] = count;
}

/** Reads the blobs asked for, in their order, until there are no more or their contents fill the batch. */
export function readBatch(objects: Objects, { count, ids, ranges, memory }: Batch): void {
  const contents = new BatchBuffer(memory);
  const asked = count[0] as number;
  ranges.fill(UNREAD);
  for (let i = 0; i < asked; i++) {
    try {
      objects.readInto(contents, ids, i * LONGEST_ID, "blob");
      ranges[i * 2] = contents.start;
      ranges[i * 2 + 1] = contents.keep();
    } catch (error) {
      if (contents.isFull || (error instanceof DocteurError && error.code === "OBJECT_TOO_LARGE")) {
        if (contents.used === 0) ranges[i * 2] = TOO_LARGE;
        break;
      }
      ranges[i * 2] = LEFT;
    }
  }
}

/** The memory of a batch, for one blob after the other. */
class BatchBuffer extends ObjectBuffer {
  /** Bytes up to the end of the last blob that was kept. */
  used = 0;
  isFull = false;

  constructor(memory: Uint8Array) {
    super();
    this.memory = memory;
  }

  /** Keeps the blob that was read last, and returns its end. */
  keep(): number {
    this.used = this.start + this.size;
    return this.used;
  }

  protected override allocate(size: number): number {
    this.isFull = this.used + size > this.memory.length;
    if (this.isFull) throw new RangeError("the blob does not fit");
    return this.used;
  }
}
