import { InvalidImageError } from "../errors.ts";
import { hex, ID_LENGTH } from "../git/object-id.ts";

/** Bytes before the PACK: the commit's id, then the index offset as an unsigned 64-bit little-endian number. */
export const HEADER_SIZE = ID_LENGTH + 8;

/** The unit that the original reader requires of everything from the index offset on. */
export const SECTOR_SIZE = 512;

/** What the first bytes of an image say. */
export interface ImageHeader {
  /** The commit's id, 40 hexadecimal digits. */
  readonly commit: string;
  /** Byte offset of the IDX from the start of the image. */
  readonly indexOffset: number;
}

/** The 28 bytes an image starts with. `commit` is a raw id of 20 bytes, `indexOffset` a safe integer. */
export function encodeHeader(commit: Uint8Array, indexOffset: number): Uint8Array {
  if (commit.length !== ID_LENGTH)
    throw new RangeError(`a commit id has ${ID_LENGTH} bytes, not ${commit.length}`);
  const header = Buffer.alloc(HEADER_SIZE);
  header.set(commit);
  header.writeBigUInt64LE(BigInt(indexOffset), ID_LENGTH);
  return header;
}

/**
 * Reads what `encodeHeader` writes.
 * @throws {InvalidImageError} fault `header`, if there are not 28 bytes or the offset is not a number of bytes that a
 * disk can have. Whether it lies within the image is for the caller to check, who knows the size.
 */
export function decodeHeader(bytes: Uint8Array): ImageHeader {
  if (bytes.length < HEADER_SIZE) {
    throw new InvalidImageError("header", `only ${bytes.length} bytes long, a header has ${HEADER_SIZE}`, {
      offset: 0,
    });
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEADER_SIZE);
  const indexOffset = view.getBigUint64(ID_LENGTH, true);
  if (indexOffset > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new InvalidImageError("header", `the index offset ${indexOffset} is beyond any disk`, {
      offset: ID_LENGTH,
    });
  }
  return { commit: hex(bytes.subarray(0, ID_LENGTH)), indexOffset: Number(indexOffset) };
}

/**
 * Where a part that ends at `offset` ends once padded with zeroes to blocks of `blockSize` bytes. As in the original, a
 * part that already ends on a block gets one full block more.
 */
export function paddedTo(offset: number, blockSize: number): number {
  return offset + blockSize - (offset % blockSize);
}
