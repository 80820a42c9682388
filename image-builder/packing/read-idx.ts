import { ID_LENGTH } from "../../reader/git/object-id.ts";
import { IDX_SIGNATURE, LARGE_OFFSET } from "../../reader/pack/idx.ts";
import type { IdxEntry } from "../../reader/pack/idx-encode.ts";

/** The entries of an IDX version 2 (git's `pack-format`) that was made on this machine just now, in the order of their ids. */
export function readIdx(idx: Buffer): IdxEntry[] {
  const ids = IDX_SIGNATURE.length + 256 * 4;
  const count = idx.readUInt32BE(ids - 4);
  const crcs = ids + count * ID_LENGTH;
  const offsets = crcs + count * 4;
  const largeOffsets = offsets + count * 4;
  return Array.from({ length: count }, (_, i) => {
    const offset = idx.readUInt32BE(offsets + i * 4);
    const large = offset - LARGE_OFFSET;
    return {
      id: idx.subarray(ids + i * ID_LENGTH, ids + (i + 1) * ID_LENGTH),
      crc: idx.readUInt32BE(crcs + i * 4),
      offset: large < 0 ? offset : Number(idx.readBigUInt64BE(largeOffsets + large * 8)),
    };
  });
}
