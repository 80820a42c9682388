import { closeSync, ftruncateSync, openSync, readSync, writeSync } from "node:fs";
import type { ObjectFormat } from "../../reader/git/object-format.ts";
import {
  FAN_OUT_COUNT,
  FAN_OUT_OFFSET,
  IDX_SIGNATURE,
  idxLayout,
  LARGE_OFFSET,
} from "../../reader/pack/idx-format.ts";
import { sortIndexes } from "../sort-indexes.ts";

/** Digits of an id after the first byte that are compared as one number. */
const KEY_BYTES = 6;

/** Called with where an object lies: the number of its PACK and its offset there. */
export type OnObject = (source: number, offset: number) => void;

/**
 * Writes the ids in several IDXs to a new file, merged: an IDX whose other tables are zeroes. The ids that
 * share their first byte are sorted in memory, a 256th of all.
 * @param onObject gets each object, in the order of the ids.
 * @throws {Error} if an id is in two IDXs; what `fs` throws.
 */
export function mergeIds(
  idxs: readonly string[],
  merged: string,
  format: ObjectFormat,
  onObject: OnObject,
): void {
  const fanOuts = idxs.map(readFanOut);
  const totals = new Uint32Array(FAN_OUT_COUNT);
  for (const fanOut of fanOuts) for (const [byte, below] of fanOut.entries()) totals[byte]! += below;
  const count = totals[FAN_OUT_COUNT - 1] as number;
  const fd = openSync(merged, "wx");
  try {
    const fanOut = Buffer.alloc(FAN_OUT_COUNT * 4);
    for (const [byte, total] of totals.entries()) fanOut.writeUInt32BE(total, byte * 4);
    writeFully(fd, Buffer.concat([IDX_SIGNATURE, fanOut]));
    for (let byte = 0; byte < FAN_OUT_COUNT; byte++) {
      const found = new Bucket(range(totals, byte).rows, format);
      for (const [source, idx] of idxs.entries()) found.read(source, idx, fanOuts[source]!, byte);
      writeFully(fd, found.sorted(onObject));
    }
    ftruncateSync(fd, idxLayout(count, 0, format).length);
  } finally {
    closeSync(fd);
  }
}

/** The objects whose ids begin with one byte. */
class Bucket {
  readonly #format: ObjectFormat;
  readonly #ids: Buffer;
  readonly #sources: Uint16Array;
  readonly #offsets: Float64Array;
  #count = 0;

  constructor(count: number, format: ObjectFormat) {
    this.#format = format;
    this.#ids = Buffer.allocUnsafeSlow(count * format.idLength);
    this.#sources = new Uint16Array(count);
    this.#offsets = new Float64Array(count);
  }

  /** Adds those of the IDX at `path`. */
  read(source: number, path: string, fanOut: Uint32Array, byte: number): void {
    const { first, rows } = range(fanOut, byte);
    if (rows === 0) return;
    const { idLength } = this.#format;
    const tables = idxLayout(fanOut[FAN_OUT_COUNT - 1] as number, 0, this.#format);
    const fd = openSync(path, "r");
    try {
      const ids = this.#ids.subarray(this.#count * idLength, (this.#count + rows) * idLength);
      readFully(fd, ids, tables.ids + first * idLength);
      const offsets = Buffer.allocUnsafe(rows * 4);
      readFully(fd, offsets, tables.offsets + first * 4);
      const large = Buffer.allocUnsafe(8);
      for (let row = 0; row < rows; row++) {
        let offset = offsets.readUInt32BE(row * 4);
        if (offset >= LARGE_OFFSET) {
          readFully(fd, large, tables.largeOffsets + (offset - LARGE_OFFSET) * 8);
          offset = Number(large.readBigUInt64BE());
        }
        this.#sources[this.#count] = source;
        this.#offsets[this.#count++] = offset;
      }
    } finally {
      closeSync(fd);
    }
  }

  /** The ids in their order. */
  sorted(onObject: OnObject): Buffer {
    const ids = this.#ids;
    const { idLength } = this.#format;
    const idAt = (index: number) => ids.subarray(index * idLength, (index + 1) * idLength);
    const keyAt = (index: number) => ids.readUIntBE(index * idLength + 1, KEY_BYTES);
    const keys = Float64Array.from({ length: this.#count }, (_, index) => keyAt(index));
    const order = sortIndexes(
      this.#count,
      (a, b) => (keys[a] as number) - (keys[b] as number) || Buffer.compare(idAt(a), idAt(b)),
    );
    const sorted = Buffer.allocUnsafe(ids.length);
    for (const [position, index] of order.entries()) {
      ids.copy(sorted, position * idLength, index * idLength, (index + 1) * idLength);
      const before = order[position - 1];
      if (before !== undefined && idAt(before).equals(idAt(index)))
        throw new Error("an object is in two PACKs");
      onObject(this.#sources[index] as number, this.#offsets[index] as number);
    }
    return sorted;
  }
}

function readFanOut(path: string): Uint32Array {
  const table = Buffer.alloc(FAN_OUT_COUNT * 4);
  const fd = openSync(path, "r");
  try {
    readFully(fd, table, FAN_OUT_OFFSET);
  } finally {
    closeSync(fd);
  }
  return Uint32Array.from({ length: FAN_OUT_COUNT }, (_, byte) => table.readUInt32BE(byte * 4));
}

/** The rows of the ids that begin with a byte. */
function range(fanOut: Uint32Array, byte: number): { first: number; rows: number } {
  const first = byte === 0 ? 0 : (fanOut[byte - 1] as number);
  return { first, rows: (fanOut[byte] as number) - first };
}

function readFully(fd: number, into: Uint8Array, position: number): void {
  for (let done = 0; done < into.length; ) {
    const count = readSync(fd, into, done, into.length - done, position + done);
    if (count === 0) throw new Error("an IDX is cut short");
    done += count;
  }
}

function writeFully(fd: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
}
