import type { ObjectFormat } from "../git/object-format.ts";

/** `\377tOc` and version 2 (git's `pack-format`). */
export const IDX_SIGNATURE = Uint8Array.of(0xff, 0x74, 0x4f, 0x63, 0, 0, 0, 2);

/**
 * Byte offset of the fan-out table, and its entries: for each first byte of an id, the objects up to that
 * byte.
 */
export const FAN_OUT_OFFSET: number = IDX_SIGNATURE.length;
export const FAN_OUT_COUNT = 256;

const IDS_OFFSET = FAN_OUT_OFFSET + FAN_OUT_COUNT * 4;

/**
 * Offsets from 2^31 on are kept in a table of 64-bit numbers; this bit says that the rest of an offset is an
 * index in it.
 */
export const LARGE_OFFSET = 0x80000000;

/** What an IDX says of an entry. */
export interface IdxEntry {
  /** Raw id. */
  readonly id: Uint8Array;
  /** CRC-32 of the entry as it lies in the PACK. */
  readonly crc: number;
  /** Offset from the start of the PACK. */
  readonly offset: number;
}

/** Where the parts of an IDX version 2 lie, in bytes from its start. */
export interface IdxLayout {
  /** Raw ids, ascending; the other tables are in the same order. */
  readonly ids: number;
  /** CRC-32s, 4 bytes each. */
  readonly crcs: number;
  /** Offsets in the PACK, 4 bytes each; see `LARGE_OFFSET`. */
  readonly offsets: number;
  /** Offsets from 2^31 on, 8 bytes each. */
  readonly largeOffsets: number;
  /** The checksum of the PACK, and after it that of the IDX. */
  readonly trailer: number;
  /** The end. */
  readonly length: number;
}

/**
 * The layout of an IDX of `count` objects.
 * @param large how many of their offsets are in the table of 64-bit numbers.
 */
export function idxLayout(count: number, large: number, { idLength }: ObjectFormat): IdxLayout {
  const crcs = IDS_OFFSET + count * idLength;
  const offsets = crcs + count * 4;
  const largeOffsets = offsets + count * 4;
  const trailer = largeOffsets + large * 8;
  return { ids: IDS_OFFSET, crcs, offsets, largeOffsets, trailer, length: trailer + 2 * idLength };
}
