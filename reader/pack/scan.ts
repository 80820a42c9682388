import type { SectorCache } from "../block/sector-cache.ts";
import { InvalidImageError } from "../errors.ts";
import type { Hash } from "../git/hash.ts";
import { type ObjectKind, objectHash, objectId } from "../git/object.ts";
import type { ObjectFormat } from "../git/object-format.ts";
import { sameId } from "../git/object-id.ts";
import { crc32 } from "../node-platform.ts";
import { DeltaError, decodeDeltaHeader } from "./delta.ts";
import { EntryTable } from "./entry-table.ts";
import { decodePackHeader, type EntryHeader, FIRST_ENTRY } from "./format.ts";
import type { Pack } from "./pack.ts";

/** The result of one pass over a PACK. */
export interface ScannedPack {
  readonly table: EntryTable;
  /** The checksum of the PACK's bytes before it. */
  readonly trailer: Uint8Array;
}

/** No entry is shorter: a byte of header, and the 8 bytes of an empty zlib stream. */
const SHORTEST_ENTRY = 9;

/** Entries of a PACK that follow one another. */
export interface EntryRange {
  /** Offset of the first, from the start of the PACK. */
  readonly offset: number;
  /** Its index among all entries. */
  readonly first: number;
  readonly count: number;
}

/**
 * Reads a PACK from its first byte to its last, inflating every entry through a window, and checks the
 * trailer.
 *
 * @param start byte offset of the PACK in the image.
 * @param limit byte offset that the PACK must end before.
 * @param onProgress called every so often with how many of how many entries are done.
 * @throws {InvalidImageError} faults `pack-header`, `pack-entry`, `pack-inflate`, `pack-trailer`.
 */
export function scanPack(
  cache: SectorCache,
  pack: Pack,
  start: number,
  limit: number,
  onProgress?: (done: number, count: number) => void,
): ScannedPack {
  const { format } = pack;
  const count = readPackHeader(cache, start, limit, format);
  const sum = format.createHash().update(cache.read(start, FIRST_ENTRY));
  const table = tableOf(count, start, format);
  const end = scanEntries(cache, pack, start, { offset: FIRST_ENTRY, first: 0, count }, table, {
    onProgress: (done) => onProgress?.(done, count),
    onBytes: (piece) => sum.update(piece),
  });
  table.offsets[count] = end;
  return { table, trailer: checkTrailer(cache, start + end, limit, sum.digest()) };
}

function tableOf(count: number, start: number, format: ObjectFormat): EntryTable {
  try {
    return new EntryTable(count, format);
  } catch (cause) {
    // A disk may be of any size, and its PACK claim as many objects.
    const what = `the PACK claims ${count} objects, more than memory can be had for`;
    throw new InvalidImageError("pack-header", what, { offset: start }, { cause });
  }
}

export interface ScanCalls {
  /** Called every so often with how many entries are done. */
  readonly onProgress?: ((done: number) => void) | undefined;
  /** Called with the bytes of the entries as they lie in the PACK; good until it returns. */
  readonly onBytes?: ((piece: Uint8Array) => void) | undefined;
}

/**
 * Reads the entries of a range, inflating each through a window, into their rows of a table.
 * @returns the offset where the next entry, or the trailer, begins.
 * @throws {InvalidImageError} faults `pack-entry`, `pack-inflate`.
 */
export function scanEntries(
  cache: SectorCache,
  pack: Pack,
  start: number,
  { offset: begin, first, count }: EntryRange,
  table: EntryTable,
  { onProgress, onBytes }: ScanCalls = {},
): number {
  let offset = begin;
  for (let done = 0; done < count; ) {
    const entry = first + done;
    const header = pack.entries.header(offset);
    table.set(entry, header);
    const end =
      header.kind === undefined
        ? inflateDelta(pack, header, table, entry)
        : inflateObject(pack, header, header.kind, table.id(entry));
    let crc = 0;
    eachPiece(cache, start + offset, start + end, (piece) => {
      onBytes?.(piece);
      crc = crc32(piece, crc);
    });
    table.crcs[entry] = crc;
    offset = end;
    if (++done % 256 === 0) onProgress?.(done);
  }
  return offset;
}

/**
 * The PACK's trailer at byte `at` of the image, verified to be the checksum of what is before it.
 *
 * @param sum that checksum.
 * @throws {InvalidImageError} fault `pack-trailer`.
 */
export function checkTrailer(cache: SectorCache, at: number, limit: number, sum: Uint8Array): Uint8Array {
  if (at + sum.length > limit) {
    throw new InvalidImageError("pack-trailer", "the PACK's trailer is cut short", { offset: at });
  }
  const trailer = new Uint8Array(cache.read(at, sum.length));
  if (!sameId(sum, trailer)) {
    const what = "the PACK's trailer is not the checksum of its bytes";
    throw new InvalidImageError("pack-trailer", what, { offset: at });
  }
  return trailer;
}

/** The number of entries that a PACK's header claims. @throws {InvalidImageError} fault `pack-header`. */
export function readPackHeader(
  cache: SectorCache,
  start: number,
  limit: number,
  { idLength }: ObjectFormat,
): number {
  const fail = (what: string) => new InvalidImageError("pack-header", what, { offset: start });
  if (start + FIRST_ENTRY + idLength > limit) throw fail("no PACK fits before the index offset");
  const count = decodePackHeader(cache.read(start, FIRST_ENTRY), start);
  if (count * SHORTEST_ENTRY > limit - start) throw fail(`the PACK claims ${count} objects, more than fit`);
  return count;
}

/** Inflates a delta and notes the size of what it claims to make. Returns the offset of the next entry. */
function inflateDelta(pack: Pack, header: EntryHeader, table: EntryTable, entry: number): number {
  let size: number | undefined;
  return pack.entries.inflatePieces(header, (piece) => {
    size ??= claimedSize(piece);
    table.setSize(entry, size);
    return true;
  }) as number;
}

/**
 * What a delta that begins so claims to make, in bytes; 0 if it is none, which is found when it is applied.
 */
function claimedSize(start: Uint8Array): number {
  try {
    return decodeDeltaHeader(start).targetSize;
  } catch (error) {
    if (error instanceof DeltaError) return 0;
    throw error;
  }
}

/** Inflates an object and writes its id. Returns the offset of the next entry. */
function inflateObject(pack: Pack, header: EntryHeader, kind: ObjectKind, id: Uint8Array): number {
  const { size } = header;
  let hash: Hash | undefined;
  const end = pack.entries.inflatePieces(header, (piece) => {
    // Most objects are one piece, and to hash that at once takes a third of the time.
    if (piece.length === size) id.set(objectId(kind, piece, pack.format));
    else {
      hash ??= objectHash(kind, size, pack.format);
      hash.update(piece);
    }
    return true;
  }) as number;
  if (size === 0) id.set(objectId(kind, NOTHING, pack.format));
  else if (hash !== undefined) id.set(hash.digest());
  return end;
}

const NOTHING = new Uint8Array();

function eachPiece(cache: SectorCache, start: number, end: number, take: (piece: Uint8Array) => void): void {
  for (let at = start; at < end; ) {
    const piece = cache.piece(at, end);
    take(piece);
    at += piece.length;
  }
}
