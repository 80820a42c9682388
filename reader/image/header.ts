import type { SectorCache } from "../block/sector-cache.ts";
import { InvalidImageError } from "../errors.ts";
import { hex, ID_LENGTH } from "../git/object-id.ts";
import { FIRST_ENTRY } from "../pack/format.ts";

/**
 * Bytes before the PACK: the commit's id, then the index offset as an unsigned 64-bit little-endian number.
 */
export const HEADER_SIZE: number = ID_LENGTH + 8;

/** Byte of the image at which the index offset is. */
const INDEX_OFFSET_AT = ID_LENGTH;

/** The least index offset: past the header and the start of an empty PACK. */
const LEAST_INDEX_OFFSET = HEADER_SIZE + FIRST_ENTRY;

/** The unit that the original reader requires of everything from the index offset on. */
export const SECTOR_SIZE = 512;

/** What the first bytes of an image say. */
export interface ImageHeader {
  /** The commit's id, hexadecimal. */
  readonly commit: string;
  /** Byte offset of the IDX from the start of the image. */
  readonly indexOffset: number;
}

/**
 * The bytes that an image starts with. `commit` is a raw id, `indexOffset` a safe integer. @throws
 * {RangeError}
 */
export function encodeHeader(commit: Uint8Array, indexOffset: number): Uint8Array {
  if (commit.length !== ID_LENGTH)
    throw new RangeError(`a commit id has ${ID_LENGTH} bytes, not ${commit.length}`);
  const header = Buffer.alloc(HEADER_SIZE);
  header.set(commit);
  header.writeBigUInt64LE(BigInt(indexOffset), INDEX_OFFSET_AT);
  return header;
}

/**
 * Reads what `encodeHeader` writes.
 *
 * @param bytes the first bytes of an image. @param size bytes of the image.
 * @throws {InvalidImageError} fault `header`, if the header is cut short, or the index offset is not within
 * the image and past an empty PACK.
 */
export function decodeHeader(bytes: Uint8Array, size: number): ImageHeader {
  if (bytes.length < HEADER_SIZE) {
    throw fault(`only ${bytes.length} bytes long, a header has ${HEADER_SIZE}`, 0);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEADER_SIZE);
  const indexOffset = view.getBigUint64(INDEX_OFFSET_AT, true);
  if (indexOffset > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw fault(`the index offset ${indexOffset} is beyond any disk`, INDEX_OFFSET_AT);
  }
  if (indexOffset < LEAST_INDEX_OFFSET || indexOffset >= size) {
    throw fault(`the index offset ${indexOffset} lies outside the image's ${size} bytes`, INDEX_OFFSET_AT);
  }
  return { commit: hex(bytes.subarray(0, ID_LENGTH)), indexOffset: Number(indexOffset) };
}

/** The header of the image that a cache reads. @throws {InvalidImageError} as `decodeHeader`. */
export function readHeader(cache: SectorCache): ImageHeader {
  return decodeHeader(cache.read(0, Math.min(HEADER_SIZE, cache.size)), cache.size);
}

/**
 * Where a part that ends at `offset` ends once padded with zeroes to blocks of `blockSize` bytes. As in the
 * original, a part that already ends on a block gets one full block more.
 */
export function paddedTo(offset: number, blockSize: number): number {
  return offset + blockSize - (offset % blockSize);
}

function fault(what: string, offset: number): InvalidImageError {
  return new InvalidImageError("header", what, { offset });
}
