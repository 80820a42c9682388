import type { SectorCache } from "../../reader/block/sector-cache.ts";
import { InvalidImageError } from "../../reader/errors.ts";
import { hex } from "../../reader/git/object-id.ts";
import { idxPieces, layoutOf } from "../../reader/pack/idx-encode.ts";
import { IDX_SIGNATURE, type IdxLayout } from "../../reader/pack/idx-format.ts";
import type { SortedEntries } from "../../reader/pack/sorted-entries.ts";

/**
 * Compares the IDX at `indexOffset`, byte for byte, with the one that the PACK implies.
 *
 * @returns its length in bytes.
 * @throws {InvalidImageError} at the first byte that differs: fault `idx-header` (signature, version,
 * fan-out), `idx-mismatch` (an id, CRC-32 or offset; names the object), `idx-trailer` (the checksums at the
 * end).
 */
export function checkIdx(cache: SectorCache, indexOffset: number, entries: SortedEntries): number {
  const layout = layoutOf(entries);
  checkIdxFits(cache, indexOffset, entries.count, layout);
  let at = 0;
  for (const piece of idxPieces(entries)) {
    for (let done = 0; done < piece.length; ) {
      const found = cache.piece(indexOffset + at, indexOffset + at + piece.length - done);
      const wanted = piece.subarray(done, done + found.length);
      if (Buffer.compare(found, wanted) !== 0) {
        const byte = at + found.findIndex((byte, i) => byte !== wanted[i]);
        throw difference(byte, indexOffset, layout, entries);
      }
      at += found.length;
      done += found.length;
    }
  }
  return layout.length;
}

/**
 * Refuses an image that is too short for an IDX of so many objects, which has this layout.
 * @throws {InvalidImageError} fault `idx-header`.
 */
export function checkIdxFits(
  cache: SectorCache,
  indexOffset: number,
  count: number,
  { length }: IdxLayout,
): void {
  if (indexOffset + length <= cache.size) return;
  const what = `the image ends before an IDX of ${count} objects does`;
  throw new InvalidImageError("idx-header", what, { offset: indexOffset });
}

/** The fault of an IDX whose byte number `at` is not the one that the PACK implies. */
function difference(
  at: number,
  indexOffset: number,
  layout: IdxLayout,
  entries: SortedEntries,
): InvalidImageError {
  const offset = indexOffset + at;
  if (at < IDX_SIGNATURE.length)
    return new InvalidImageError("idx-header", "there is no IDX version 2 at the index offset", { offset });
  if (at < layout.ids) {
    return new InvalidImageError("idx-header", "the IDX's fan-out is not the one that the PACK implies", {
      offset,
    });
  }
  if (at >= layout.trailer) {
    return new InvalidImageError("idx-trailer", "a checksum at the end of the IDX is wrong", { offset });
  }
  if (at >= layout.largeOffsets) {
    return new InvalidImageError("idx-mismatch", "the IDX has a wrong 64-bit offset", { offset });
  }
  const wrong = (name: string, index: number) => {
    const object = hex(entries.idAt(index));
    return new InvalidImageError("idx-mismatch", `the IDX has a wrong ${name}`, { offset, object });
  };
  if (at >= layout.offsets) return wrong("offset", Math.floor((at - layout.offsets) / 4));
  if (at >= layout.crcs) return wrong("CRC-32", Math.floor((at - layout.crcs) / 4));
  return wrong("id", Math.floor((at - layout.ids) / entries.format.idLength));
}
