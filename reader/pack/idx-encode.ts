import { createSha1 } from "../git/hash.ts";
import { ID_LENGTH } from "../git/object-id.ts";
import { IDX_SIGNATURE, LARGE_OFFSET } from "./idx.ts";

/** What an IDX says of an entry. */
export interface IdxEntry {
  /** Raw id. */
  readonly id: Uint8Array;
  /** CRC-32 of the entry as it lies in the PACK. */
  readonly crc: number;
  /** Offset from the start of the PACK. */
  readonly offset: number;
}

/** All that an IDX is made of; places are those in the order of ids, from 0 on. */
export interface IdxSource {
  readonly count: number;
  id(place: number): Uint8Array;
  crc(place: number): number;
  offset(place: number): number;
  /** The 20 bytes that the PACK ends with. */
  readonly trailer: Uint8Array;
}

/** Objects whose part of a table is made at a time. */
const STRIDE = 4096;

/**
 * The IDX version 2 of a PACK, byte for byte as git writes it (git's `pack-format`): fan-out, ids, CRC-32s, offsets,
 * offsets from 2^31 on, the PACK's trailer, and the SHA-1 of all that. Piece by piece, each good on its own.
 */
export function* idxPieces(source: IdxSource): Generator<Uint8Array> {
  const hash = createSha1();
  for (const piece of tables(source)) {
    hash.update(piece);
    yield piece;
  }
  yield hash.digest();
}

/** Bytes of the IDX that `idxPieces` gives. */
export function idxLength(source: IdxSource): number {
  let large = 0;
  for (let place = 0; place < source.count; place++) if (source.offset(place) >= LARGE_OFFSET) large++;
  return shortestIdx(source.count) + large * 8;
}

/** Bytes that an IDX of so many objects has at least. */
export function shortestIdx(count: number): number {
  return IDX_SIGNATURE.length + 256 * 4 + count * (ID_LENGTH + 8) + 2 * ID_LENGTH;
}

/**
 * The same at once.
 *
 * @param entries in the order of their ids.
 * @param trailer the 20 bytes that the PACK ends with.
 */
export function encodeIdx(entries: readonly IdxEntry[], trailer: Uint8Array): Uint8Array {
  const at = (place: number) => entries[place] as IdxEntry;
  const source = {
    count: entries.length,
    id: (place: number) => at(place).id,
    crc: (place: number) => at(place).crc,
    offset: (place: number) => at(place).offset,
    trailer,
  };
  return Buffer.concat([...idxPieces(source)]);
}

function* tables(source: IdxSource): Generator<Uint8Array> {
  const { count } = source;
  yield Buffer.from(IDX_SIGNATURE);
  const fanOut = new Uint32Array(256);
  for (let place = 0; place < count; place++) fanOut[source.id(place)[0] as number]!++;
  let below = 0;
  const fan = Buffer.alloc(256 * 4);
  fanOut.forEach((objects, byte) => {
    below += objects;
    fan.writeUInt32BE(below, byte * 4);
  });
  yield fan;
  yield* column(count, ID_LENGTH, (piece, at, place) => piece.set(source.id(place), at));
  yield* column(count, 4, (piece, at, place) => piece.writeUInt32BE(source.crc(place), at));
  const large: number[] = [];
  yield* column(count, 4, (piece, at, place) => {
    const where = source.offset(place);
    piece.writeUInt32BE(where < LARGE_OFFSET ? where : LARGE_OFFSET + large.push(where) - 1, at);
  });
  yield* column(large.length, 8, (piece, at, place) => {
    piece.writeBigUInt64BE(BigInt(large[place] as number), at);
  });
  yield Buffer.from(source.trailer);
}

function* column(
  count: number,
  width: number,
  write: (piece: Buffer, at: number, place: number) => void,
): Generator<Uint8Array> {
  for (let first = 0; first < count; first += STRIDE) {
    const rows = Math.min(STRIDE, count - first);
    const piece = Buffer.allocUnsafe(rows * width);
    for (let row = 0; row < rows; row++) write(piece, row * width, first + row);
    yield piece;
  }
}
