import type { ObjectFormat } from "../git/object-format.ts";
import {
  FAN_OUT_COUNT,
  IDX_SIGNATURE,
  type IdxEntry,
  type IdxLayout,
  idxLayout,
  LARGE_OFFSET,
} from "./idx-format.ts";

/** All that an IDX is made of; indexes are those in the order of ids, from 0 on. */
export interface IdxSource {
  readonly format: ObjectFormat;
  readonly count: number;
  /** The first byte of the raw id at an index. */
  firstByteAt(index: number): number;
  /** Copies that id to where there is room for it. */
  copyId(index: number, into: Uint8Array, at: number): void;
  crcAt(index: number): number;
  offsetAt(index: number): number;
  /** The checksum that the PACK ends with. */
  readonly trailer: Uint8Array;
}

/** Objects whose part of a table is made at a time. */
const STRIDE = 4096;

/**
 * The IDX version 2 of a PACK, byte for byte as git writes it (git's `pack-format`): fan-out, ids, CRC-32s,
 * offsets, offsets from 2^31 on, the PACK's trailer, and the checksum of all that. Piece by piece, each good
 * on its own.
 */
export function* idxPieces(source: IdxSource): Generator<Uint8Array> {
  const hash = source.format.createHash();
  for (const piece of tables(source)) {
    hash.update(piece);
    yield piece;
  }
  yield hash.digest();
}

/** The layout of the IDX that `idxPieces` gives. */
export function layoutOf(source: IdxSource): IdxLayout {
  let large = 0;
  for (let index = 0; index < source.count; index++) if (source.offsetAt(index) >= LARGE_OFFSET) large++;
  return idxLayout(source.count, large, source.format);
}

/**
 * The same at once.
 *
 * @param entries in the order of their ids.
 * @param trailer the checksum that the PACK ends with.
 */
export function encodeIdx(
  entries: readonly IdxEntry[],
  trailer: Uint8Array,
  format: ObjectFormat,
): Uint8Array {
  const at = (index: number) => entries[index] as IdxEntry;
  const source = {
    format,
    count: entries.length,
    firstByteAt: (index: number) => at(index).id[0] as number,
    copyId: (index: number, into: Uint8Array, start: number) => into.set(at(index).id, start),
    crcAt: (index: number) => at(index).crc,
    offsetAt: (index: number) => at(index).offset,
    trailer,
  };
  return Buffer.concat([...idxPieces(source)]);
}

function* tables(source: IdxSource): Generator<Uint8Array> {
  const { count, format } = source;
  yield Buffer.from(IDX_SIGNATURE);
  const counts = new Uint32Array(FAN_OUT_COUNT);
  for (let index = 0; index < count; index++) counts[source.firstByteAt(index)]!++;
  let below = 0;
  const fanOut = Buffer.alloc(FAN_OUT_COUNT * 4);
  counts.forEach((objects, byte) => {
    below += objects;
    fanOut.writeUInt32BE(below, byte * 4);
  });
  yield fanOut;
  yield* column(count, format.idLength, (piece, at, index) => source.copyId(index, piece, at));
  yield* column(count, 4, (piece, at, index) => piece.writeUInt32BE(source.crcAt(index), at));
  const large: number[] = [];
  yield* column(count, 4, (piece, at, index) => {
    const offset = source.offsetAt(index);
    piece.writeUInt32BE(offset < LARGE_OFFSET ? offset : LARGE_OFFSET + large.push(offset) - 1, at);
  });
  yield* column(large.length, 8, (piece, at, index) => {
    piece.writeBigUInt64BE(BigInt(large[index] as number), at);
  });
  yield Buffer.from(source.trailer);
}

function* column(
  count: number,
  width: number,
  write: (piece: Buffer, at: number, index: number) => void,
): Generator<Uint8Array> {
  for (let first = 0; first < count; first += STRIDE) {
    const rows = Math.min(STRIDE, count - first);
    const piece = Buffer.allocUnsafe(rows * width);
    for (let row = 0; row < rows; row++) write(piece, row * width, first + row);
    yield piece;
  }
}
