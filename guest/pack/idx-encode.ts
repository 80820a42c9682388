import { createHash } from "node:crypto";
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

/**
 * The IDX version 2 of a PACK, byte for byte as git writes it (git's `pack-format`): fan-out, ids, CRC-32s, offsets,
 * offsets from 2^31 on, the PACK's trailer, and the SHA-1 of all that.
 *
 * @param entries in the order of their ids.
 * @param trailer the 20 bytes that the PACK ends with.
 */
export function encodeIdx(entries: readonly IdxEntry[], trailer: Uint8Array): Uint8Array {
  const large = entries.filter(({ offset }) => offset >= LARGE_OFFSET);
  const ids = IDX_SIGNATURE.length + 256 * 4;
  const crcs = ids + entries.length * ID_LENGTH;
  const offsets = crcs + entries.length * 4;
  const largeOffsets = offsets + entries.length * 4;
  const end = largeOffsets + large.length * 8;
  const idx = Buffer.alloc(end + 2 * ID_LENGTH);

  idx.set(IDX_SIGNATURE);
  const fanOut = new Uint32Array(256);
  for (const { id } of entries) fanOut[id[0] as number] = (fanOut[id[0] as number] as number) + 1;
  let below = 0;
  fanOut.forEach((count, byte) => {
    below += count;
    idx.writeUInt32BE(below, IDX_SIGNATURE.length + byte * 4);
  });
  let nextLarge = 0;
  entries.forEach(({ id, crc, offset }, i) => {
    idx.set(id, ids + i * ID_LENGTH);
    idx.writeUInt32BE(crc, crcs + i * 4);
    idx.writeUInt32BE(offset < LARGE_OFFSET ? offset : LARGE_OFFSET + nextLarge++, offsets + i * 4);
  });
  large.forEach(({ offset }, i) => {
    idx.writeBigUInt64BE(BigInt(offset), largeOffsets + i * 8);
  });
  idx.set(trailer, end);
  idx.set(
    createHash("sha1")
      .update(idx.subarray(0, end + ID_LENGTH))
      .digest(),
    end + ID_LENGTH,
  );
  return idx;
}
