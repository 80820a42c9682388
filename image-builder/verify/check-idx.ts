import type { SectorCache } from "../../guest/block/sector-cache.ts";
import { InvalidImageError } from "../../guest/errors.ts";
import { hex, ID_LENGTH } from "../../guest/git/object-id.ts";
import { encodeIdx } from "../../guest/pack/idx-encode.ts";
import type { PackAnalysis } from "../../guest/pack/pack-analysis.ts";

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
  const implied = encodeIdx([...analysis.entries()], analysis.trailer);
  if (indexOffset + implied.length > cache.size) {
    throw new InvalidImageError(
      "idx-header",
      `the image ends before an IDX of ${analysis.count} objects does`,
      {
        offset: indexOffset,
      },
    );
  }
  for (let at = 0; at < implied.length; ) {
    const piece = cache.piece(indexOffset + at, indexOffset + implied.length);
    const wanted = implied.subarray(at, at + piece.length);
    if (Buffer.compare(piece, wanted) !== 0) {
      throw difference(
        at + piece.findIndex((byte, index) => byte !== wanted[index]),
        indexOffset,
        analysis,
        implied,
      );
    }
    at += piece.length;
  }
  return implied.length;
}

/** The fault of an IDX whose byte number `at` is not the one that the PACK implies. */
function difference(
  at: number,
  indexOffset: number,
  analysis: PackAnalysis,
  implied: Uint8Array,
): InvalidImageError {
  const offset = indexOffset + at;
  if (at < 8)
    return new InvalidImageError("idx-header", "there is no IDX version 2 at the index offset", { offset });
  if (at < IDS_START) {
    return new InvalidImageError("idx-header", "the IDX's fan-out is not the one that the PACK implies", {
      offset,
    });
  }
  if (at >= implied.length - TRAILER_LENGTH) {
    return new InvalidImageError("idx-trailer", "a checksum at the end of the IDX is wrong", { offset });
  }
  let start = IDS_START;
  for (const [name, width] of TABLES) {
    const position = Math.floor((at - start) / width);
    if (position < analysis.count) {
      const id = IDS_START + position * ID_LENGTH;
      const object = hex(implied.subarray(id, id + ID_LENGTH));
      return new InvalidImageError("idx-mismatch", `the IDX has a wrong ${name}`, { offset, object });
    }
    start += analysis.count * width;
  }
  return new InvalidImageError("idx-mismatch", "the IDX has a wrong 64-bit offset", { offset });
}
