import { createHash } from "node:crypto";
import type { SectorCache } from "../block/sector-cache.ts";
import { InvalidImageError } from "../errors.ts";
import { type ObjectKind, objectHash } from "../git/object.ts";
import { ID_LENGTH, sameId } from "../git/object-id.ts";
import { crc32 } from "./crc32.ts";
import { type EntryHeader, FIRST_ENTRY } from "./entry.ts";
import type { Pack } from "./pack.ts";

/** What one pass over a PACK tells. Lists have one item an entry, in the order of the PACK. */
export interface ScannedPack {
  readonly count: number;
  /** Offsets from the start of the PACK, ascending; one more than there are entries, the last being the trailer's. */
  readonly offsets: Float64Array;
  /** CRC-32 of each entry as it lies in the PACK, header and all. */
  readonly crcs: Uint32Array;
  /** Undefined for a delta, until it is resolved. */
  readonly kinds: (ObjectKind | undefined)[];
  /** Bytes of the object; of a delta, until it is resolved, bytes of the delta. */
  readonly sizes: Float64Array;
  /** Raw ids, 20 bytes each; those of deltas are zero until they are resolved. */
  readonly ids: Uint8Array;
  /** The base of a delta, by offset or by raw id. */
  readonly bases: (number | Uint8Array | undefined)[];
  /** The SHA-1 of the PACK's bytes before it. */
  readonly trailer: Uint8Array;
}

/** No entry is shorter: a byte of header, and the 8 bytes of an empty zlib stream. */
const SHORTEST_ENTRY = 9;

/** Where entries of a PACK lie that follow one another. */
export interface EntryRange {
  /** Offset of the first, from the start of the PACK. */
  readonly offset: number;
  readonly count: number;
}

/**
 * Reads a PACK from its first byte to its last, inflating every entry through a window, and checks the trailer.
 *
 * @param start byte offset of the PACK in the image.
 * @param limit byte offset that the PACK must end before.
 * @param onProgress told every so often how many of how many entries are done.
 * @throws {InvalidImageError} faults `pack-header`, `pack-entry`, `pack-inflate`, `pack-trailer`.
 */
export function scanPack(
  cache: SectorCache,
  pack: Pack,
  start: number,
  limit: number,
  onProgress?: (done: number, count: number) => void,
): ScannedPack {
  const count = readPackHeader(cache, start, limit);
  const sum = createHash("sha1").update(cache.read(start, FIRST_ENTRY));
  const scanned = scanEntries(
    cache,
    pack,
    start,
    { offset: FIRST_ENTRY, count },
    {
      onProgress: (done) => onProgress?.(done, count),
      onBytes: (piece) => sum.update(piece),
    },
  );
  const end = scanned.offsets[count] as number;
  return { ...scanned, trailer: checkTrailer(cache, start + end, limit, sum.digest()) };
}

export interface ScanCalls {
  /** Told every so often how many entries are done. */
  readonly onProgress?: ((done: number) => void) | undefined;
  /** Given the bytes of the entries as they lie in the PACK; good until it returns. */
  readonly onBytes?: ((piece: Uint8Array) => void) | undefined;
}

/**
 * Reads the entries of a range, inflating each through a window. The last of the offsets is where the next entry, or the
 * trailer, begins.
 * @throws {InvalidImageError} faults `pack-entry`, `pack-inflate`.
 */
export function scanEntries(
  cache: SectorCache,
  pack: Pack,
  start: number,
  { offset: first, count }: EntryRange,
  { onProgress, onBytes }: ScanCalls = {},
): Omit<ScannedPack, "trailer"> {
  const scanned = {
    count,
    offsets: new Float64Array(count + 1),
    crcs: new Uint32Array(count),
    kinds: new Array<ObjectKind | undefined>(count).fill(undefined),
    sizes: new Float64Array(count),
    ids: new Uint8Array(count * ID_LENGTH),
    bases: new Array<number | Uint8Array | undefined>(count).fill(undefined),
  };
  let offset = first;
  for (let entry = 0; entry < count; entry++) {
    const header = pack.header(offset);
    scanned.offsets[entry] = offset;
    scanned.kinds[entry] = header.kind;
    scanned.sizes[entry] = header.size;
    scanned.bases[entry] = header.baseOffset ?? header.baseId;
    const end = inflateThrough(pack, header, scanned.ids.subarray(entry * ID_LENGTH));
    let crc = 0;
    eachPiece(cache, start + offset, start + end, (piece) => {
      onBytes?.(piece);
      crc = crc32(piece, crc);
    });
    scanned.crcs[entry] = crc;
    offset = end;
    if (entry % 256 === 255) onProgress?.(entry + 1);
  }
  scanned.offsets[count] = offset;
  return scanned;
}

/**
 * The PACK's trailer at byte `at` of the image, proved to be the SHA-1 of what is before it.
 * @throws {InvalidImageError} fault `pack-trailer`.
 */
export function checkTrailer(cache: SectorCache, at: number, limit: number, sum: Uint8Array): Uint8Array {
  if (at + ID_LENGTH > limit) {
    throw new InvalidImageError("pack-trailer", "the PACK's trailer is cut short", { offset: at });
  }
  const trailer = new Uint8Array(cache.read(at, ID_LENGTH));
  if (!sameId(sum, trailer)) {
    const what = "the PACK's trailer is not the checksum of its bytes";
    throw new InvalidImageError("pack-trailer", what, { offset: at });
  }
  return trailer;
}

/** The number of entries that a PACK's header claims. @throws {InvalidImageError} fault `pack-header`. */
export function readPackHeader(cache: SectorCache, start: number, limit: number): number {
  const fail = (what: string) => new InvalidImageError("pack-header", what, { offset: start });
  if (start + FIRST_ENTRY + ID_LENGTH > limit) throw fail("no PACK fits before the index offset");
  const bytes = cache.read(start, FIRST_ENTRY);
  const view = new DataView(bytes.buffer, bytes.byteOffset, FIRST_ENTRY);
  if (view.getUint32(0) !== 0x5041434b) throw fail("there is no PACK after the header");
  if (view.getUint32(4) !== 2) throw fail(`the PACK has version ${view.getUint32(4)}, not 2`);
  const count = view.getUint32(8);
  if (count * SHORTEST_ENTRY > limit - start) throw fail(`the PACK claims ${count} objects, more than fit`);
  return count;
}

/** Inflates an entry and, unless it is a delta, writes its id. Gives the offset of the next entry. */
function inflateThrough(pack: Pack, header: EntryHeader, id: Uint8Array): number {
  if (header.kind === undefined) return pack.inflatePieces(header, () => true) as number;
  const hash = objectHash(header.kind, header.size);
  const end = pack.inflatePieces(header, (piece) => {
    hash.update(piece);
    return true;
  }) as number;
  id.set(hash.digest());
  return end;
}

/** The entry that begins at an offset, by its place in the PACK; undefined if none does. */
export function entryAt({ offsets, count }: ScannedPack, offset: number): number | undefined {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((offsets[middle] as number) < offset) low = middle + 1;
    else high = middle;
  }
  return low < count && offsets[low] === offset ? low : undefined;
}

function eachPiece(cache: SectorCache, start: number, end: number, take: (piece: Uint8Array) => void): void {
  for (let at = start; at < end; ) {
    const piece = cache.piece(at, end);
    take(piece);
    at += piece.length;
  }
}
