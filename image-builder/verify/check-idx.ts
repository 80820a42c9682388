import type { SectorCache } from "../../reader/block/sector-cache.ts";
import { InvalidImageError } from "../../reader/errors.ts";
import { hex, ID_LENGTH } from "../../reader/git/object-id.ts";
import { idxLength, idxPieces, shortestIdx } from "../../reader/pack/idx-encode.ts";
import type { PackAnalysis } from "../../reader/pack/pack-analysis.ts";

/** Bytes before the ids: signature and version, fan-out. */
const IDS_START = 8 + 256 * 4;

/** Bytes at the end: the PACK's trailer, and the SHA-1 of all before it. */
const TRAILER_LENGTH = 2 * ID_LENGTH;

/** The tables of an IDX, in their order, and the bytes that each has for an object. */
const TABLES: readonly (readonly [name: string, width: number])[] = [
  ["id", ID_LENGTH],
  ["CRC-32", 4],
  ["offset", 4],
];

/**
 * Compares the IDX at `indexOffset`, byte for byte, with the one that the PACK implies. Gives its length in bytes.
 * @throws {InvalidImageError} at the first byte that differs: fault `idx-header` (signature, version, fan-out),
 * `idx-mismatch` (an id, CRC-32 or offset; names the object), `idx-trailer` (the checksums at the end).
 */
export function checkIdx(cache: SectorCache, indexOffset: number, analysis: PackAnalysis): number {
  const length = idxLength(analysis);
  checkIdxFits(cache, indexOffset, analysis.count, length);
  let at = 0;
  for (const piece of idxPieces(analysis)) {
    for (let done = 0; done < piece.length; ) {
      const found = cache.piece(indexOffset + at, indexOffset + at + piece.length - done);
      const wanted = piece.subarray(done, done + found.length);
      if (Buffer.compare(found, wanted) !== 0) {
        throw difference(
          at + found.findIndex((byte, i) => byte !== wanted[i]),
          indexOffset,
          length,
          analysis,
        );
      }
      at += found.length;
      done += found.length;
    }
  }
  return length;
}

/**
 * Refuses an image that is too short for an IDX of so many objects.
 * @throws {InvalidImageError} fault `idx-header`.
 */
export function checkIdxFits(
  cache: SectorCache,
  indexOffset: number,
  count: number,
  length = shortestIdx(count),
): void {
  if (indexOffset + length <= cache.size) return;
  const what = `the image ends before an IDX of ${count} objects does`;
  throw new InvalidImageError("idx-header", what, { offset: indexOffset });
}

/** The fault of an IDX whose byte number `at` is not the one that the PACK implies. */
function difference(
  at: number,
  indexOffset: number,
  length: number,
  analysis: PackAnalysis,
): InvalidImageError {
  const offset = indexOffset + at;
  if (at < 8)
    return new InvalidImageError("idx-header", "there is no IDX version 2 at the index offset", { offset });
  if (at < IDS_START) {
    return new InvalidImageError("idx-header", "the IDX's fan-out is not the one that the PACK implies", {
      offset,
    });
  }
  if (at >= length - TRAILER_LENGTH) {
    return new InvalidImageError("idx-trailer", "a checksum at the end of the IDX is wrong", { offset });
  }
  let start = IDS_START;
  for (const [name, width] of TABLES) {
    const place = Math.floor((at - start) / width);
    if (place < analysis.count) {
      const object = hex(analysis.id(place));
      return new InvalidImageError("idx-mismatch", `the IDX has a wrong ${name}`, { offset, object });
    }
    start += analysis.count * width;
  }
  return new InvalidImageError("idx-mismatch", "the IDX has a wrong 64-bit offset", { offset });
}
