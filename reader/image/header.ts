import type { SectorCache } from "../block/sector-cache.ts";
import { InvalidImageError } from "../errors.ts";
import type { HashAlgorithm } from "../git/hash.ts";
import { ID_LENGTHS, LONGEST_ID } from "../git/object-format.ts";
import { hex } from "../git/object-id.ts";
import { FIRST_ENTRY, isPackAt, PACK_SIGNATURE } from "../pack/format.ts";
import { foreignFile } from "./foreign-file.ts";

/** Bytes of the index offset, an unsigned 64-bit little-endian number. */
const INDEX_OFFSET_SIZE = 8;

/** Bytes of an image from which its header can be decoded, whatever its object format is. */
export const HEADER_BYTES: number = headerSize(LONGEST_ID) + PACK_SIGNATURE.length;

/** The unit that the original reader requires of everything from the index offset on. */
export const SECTOR_SIZE = 512;

/** What the first bytes of an image say. */
export interface ImageHeader {
  /** The hash function that names the objects. */
  readonly hash: HashAlgorithm;
  /** The commit's id, hexadecimal. */
  readonly commit: string;
  /** Byte offset of the PACK from the start of the image. */
  readonly packStart: number;
  /** Byte offset of the IDX from the start of the image. */
  readonly indexOffset: number;
}

/** Bytes before the PACK: the commit's id, which has `idLength` bytes, then the index offset. */
export function headerSize(idLength: number): number {
  return idLength + INDEX_OFFSET_SIZE;
}

/**
 * The bytes that an image starts with. `commit` is a raw id, `indexOffset` a safe integer. @throws
 * {RangeError}
 */
export function encodeHeader(commit: Uint8Array, indexOffset: number): Uint8Array {
  if (!Object.values(ID_LENGTHS).includes(commit.length)) {
    throw new RangeError(`no commit id has ${commit.length} bytes`);
  }
  const header = Buffer.alloc(headerSize(commit.length));
  header.set(commit);
  header.writeBigUInt64LE(BigInt(indexOffset), commit.length);
  return header;
}

/**
 * Reads what `encodeHeader` writes.
 *
 * @param bytes the first `HEADER_BYTES` of an image, or all of a smaller one. @param size bytes of the image.
 * @throws {InvalidImageError} fault `header`, if the header is cut short, or the index offset is not within
 * the image and past an empty PACK.
 */
export function decodeHeader(bytes: Uint8Array, size: number): ImageHeader {
  const hash = hashAlgorithm(bytes, size);
  const idLength = ID_LENGTHS[hash];
  const packStart = headerSize(idLength);
  const otherwise = (what: string, offset: number): InvalidImageError => {
    const foreign = isPackAt(bytes, packStart) ? undefined : foreignFile(bytes);
    return foreign === undefined ? fault(what, offset) : fault(`it is ${foreign}`, 0);
  };
  if (bytes.length < packStart) {
    throw otherwise(`only ${bytes.length} bytes long, a header has ${packStart}`, 0);
  }
  const indexOffset = indexOffsetAt(bytes, idLength);
  if (indexOffset > Number.MAX_SAFE_INTEGER) {
    throw otherwise(`the index offset ${indexOffset} is beyond any disk`, idLength);
  }
  if (!isWithin(indexOffset, packStart, size)) {
    throw otherwise(`the index offset ${indexOffset} lies outside the image's ${size} bytes`, idLength);
  }
  return { hash, commit: hex(bytes.subarray(0, idLength)), packStart, indexOffset: Number(indexOffset) };
}

/** The header of the image that a cache reads. @throws {InvalidImageError} as `decodeHeader`. */
export function readHeader(cache: SectorCache): ImageHeader {
  return decodeHeader(cache.read(0, Math.min(HEADER_BYTES, cache.size)), cache.size);
}

/**
 * The hash function of an image: where its PACK begins tells. No image is of both: what a PACK has behind its
 * own header is an entry or the trailer of an empty PACK, and neither begins with `P`. Of a damaged image that
 * has a PACK in both places, or in neither, the index offset decides.
 */
function hashAlgorithm(bytes: Uint8Array, size: number): HashAlgorithm {
  /** 2 for a PACK, 1 for an index offset that may be one. */
  const evidence = (hash: HashAlgorithm) => {
    const packStart = headerSize(ID_LENGTHS[hash]);
    if (bytes.length < packStart) return 0;
    const isOffset = isWithin(indexOffsetAt(bytes, ID_LENGTHS[hash]), packStart, size);
    return (isPackAt(bytes, packStart) ? 2 : 0) + (isOffset ? 1 : 0);
  };
  const [sha1, sha256] = [evidence("sha1"), evidence("sha256")];
  // The id of a SHA-256 image may have in it what a SHA-1 image begins with.
  return sha256 > sha1 || (sha256 === sha1 && sha256 >= 2) ? "sha256" : "sha1";
}

function indexOffsetAt(bytes: Uint8Array, offset: number): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(offset, true);
}

/** Whether an index offset lies within the image, past an empty PACK. */
function isWithin(indexOffset: bigint, packStart: number, size: number): boolean {
  return indexOffset >= packStart + FIRST_ENTRY && indexOffset < size;
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
