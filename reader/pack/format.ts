// The format of a PACK (git's `pack-format`), in both directions: its header, and the headers of its entries.
import { InvalidImageError } from "../errors.ts";
import type { ObjectKind } from "../git/object.ts";
import type { ObjectFormat } from "../git/object-format.ts";

/** The first object's offset: after `PACK`, the version and the number of objects. */
export const FIRST_ENTRY = 12;

/** What a PACK starts with. */
export const PACK_SIGNATURE: Uint8Array = Buffer.from("PACK", "latin1");
const VERSION = 2;

/** The bytes that a PACK starts with: signature, version 2, the number of objects. */
export function encodePackHeader(count: number): Uint8Array {
  const header = Buffer.alloc(FIRST_ENTRY);
  header.set(PACK_SIGNATURE);
  header.writeUInt32BE(VERSION, 4);
  header.writeUInt32BE(count, 8);
  return header;
}

/**
 * The number of objects that the header of a PACK claims.
 * @param bytes its first 12 bytes. @param offset byte of the image at which they lie.
 * @throws {InvalidImageError} fault `pack-header`.
 */
export function decodePackHeader(bytes: Uint8Array, offset: number): number {
  const fail = (what: string) => new InvalidImageError("pack-header", what, { offset });
  const view = new DataView(bytes.buffer, bytes.byteOffset, FIRST_ENTRY);
  if (!isPackAt(bytes, 0)) throw fail("there is no PACK after the header");
  const version = view.getUint32(4);
  if (version !== VERSION) throw fail(`the PACK has version ${version}, not ${VERSION}`);
  return view.getUint32(8);
}

/** Whether a PACK's signature stands at an offset in some bytes. */
export function isPackAt(bytes: Uint8Array, offset: number): boolean {
  return PACK_SIGNATURE.every((byte, i) => bytes[offset + i] === byte);
}

/** Bytes of the longest type and size, and of the longest distance to a base. */
const MAX_VARINT = 10;

/** Bytes of the longest header of an entry: type and size, and the id of a base. */
export function maxEntryHeader({ idLength }: ObjectFormat): number {
  return MAX_VARINT + Math.max(idLength, MAX_VARINT);
}

/** The header of one PACK entry (git's `pack-format`, "object entry"). */
export interface EntryHeader {
  /** Byte offset of the entry from the start of the PACK, which is how the IDX and OFS_DELTA name it. */
  readonly offset: number;
  /** Byte offset of the zlib stream, likewise. */
  readonly dataOffset: number;
  /** Bytes that the zlib stream inflates to: the object itself, or the delta. */
  readonly size: number;
  /** The object's kind; undefined for a delta, which has that of its base. */
  readonly kind: ObjectKind | undefined;
  /** OFS_DELTA: the base's offset in the PACK. */
  readonly baseOffset: number | undefined;
  /** REF_DELTA: the base's raw id. */
  readonly baseId: Uint8Array | undefined;
}

/** The kinds of object by the type number that an entry has; the others are deltas, or unknown. */
export const KINDS: readonly (ObjectKind | undefined)[] = [undefined, "commit", "tree", "blob", "tag"];
export const OFS_DELTA = 6;
export const REF_DELTA = 7;

/**
 * What the header of an entry is encoded from: of an object its kind, of a delta its base. Sizes are safe
 * integers.
 */
export type EntryToEncode = Pick<EntryHeader, "size"> &
  (
    | { readonly kind: ObjectKind; readonly baseOffset?: undefined; readonly baseId?: undefined }
    | { readonly offset: number; readonly baseOffset: number; readonly baseId?: undefined }
    | { readonly baseId: Uint8Array }
  );

/**
 * Encodes the header of an entry: type and size, 4 bits of the size in the first byte and 7 in each that
 * follows, the lowest first; then the base of a delta. The top bit says that another byte follows.
 */
export function encodeEntryHeader(entry: EntryToEncode): Uint8Array {
  if (entry.baseId !== undefined)
    return Uint8Array.of(...typeAndSize(REF_DELTA, entry.size), ...entry.baseId);
  if (entry.baseOffset !== undefined) {
    const distance = entry.offset - entry.baseOffset;
    return Uint8Array.of(...typeAndSize(OFS_DELTA, entry.size), ...encodeDistance(distance));
  }
  return Uint8Array.from(typeAndSize(KINDS.indexOf(entry.kind), entry.size));
}

function typeAndSize(type: number, size: number): number[] {
  const bytes = [(type << 4) | (size % 16)];
  // Division, not shifts: those cut numbers to 32 bits.
  for (let rest = Math.floor(size / 16); rest > 0; rest = Math.floor(rest / 128)) {
    bytes[bytes.length - 1]! |= 0x80;
    bytes.push(rest % 128);
  }
  return bytes;
}

/**
 * The highest 7 bits first; each byte but the last is one less than its bits, so that no distance has two
 * encodings.
 */
function encodeDistance(distance: number): number[] {
  const bytes = [distance % 128];
  for (let rest = Math.floor(distance / 128); rest > 0; rest = Math.floor(rest / 128)) {
    rest--;
    bytes.unshift((rest % 128) | 0x80);
  }
  return bytes;
}

/**
 * Decodes the header of the entry at `offset` in the PACK, `offset + packStart` in the image.
 *
 * @param bytes hold it from `start` to `end`. `maxEntryHeader` bytes are always enough; fewer are if the
 * entry ends in them.
 * @throws {InvalidImageError} fault `pack-entry`: an unknown type, a size beyond 2^53, a base outside the
 * PACK's past.
 */
export function decodeEntryHeader(
  bytes: Uint8Array,
  offset: number,
  packStart: number,
  { idLength }: Pick<ObjectFormat, "idLength">,
  start = 0,
  end = bytes.length,
): EntryHeader {
  let position = start;
  let byte = bytes[position++] as number;
  const type = (byte >> 4) & 7;
  let size = byte & 0x0f;
  // Multiplication instead of shifts, which are 32-bit. A safe integer needs no more than 53 bits.
  for (let scale = 16; byte >= 0x80 && position < end; scale *= 128) {
    byte = bytes[position++] as number;
    size += (byte & 0x7f) * scale;
    if (size > Number.MAX_SAFE_INTEGER) {
      throw fault("the entry claims a size that no disk can hold", packStart + offset);
    }
  }

  let isComplete = byte < 0x80;

  const kind = KINDS[type];
  let distance: number | undefined;
  let baseId: Uint8Array | undefined;
  if (type === OFS_DELTA) {
    byte = bytes[position++] as number;
    distance = byte & 0x7f;
    while (byte >= 0x80 && position < end && distance <= offset) {
      byte = bytes[position++] as number;
      distance = (distance + 1) * 128 + (byte & 0x7f);
    }
    isComplete &&= byte < 0x80 || distance > offset;
  } else if (type === REF_DELTA) {
    // A copy: `slice` of a Buffer is a view, and the memory of the sector cache is used again.
    baseId = new Uint8Array(bytes.subarray(position, position + idLength));
    position += idLength;
  } else if (kind === undefined) {
    throw fault(`the entry has type ${type}, which git does not know`, packStart + offset);
  }
  if (!isComplete || position > end) throw fault("the entry's header is cut short", packStart + offset);

  const baseOffset = distance === undefined ? undefined : offset - distance;
  if (baseOffset !== undefined && (baseOffset === offset || baseOffset < FIRST_ENTRY)) {
    throw fault("the delta's base lies outside the PACK", packStart + offset);
  }
  return { offset, dataOffset: offset + position - start, size, kind, baseOffset, baseId };
}

function fault(what: string, offset: number): InvalidImageError {
  return new InvalidImageError("pack-entry", what, { offset });
}
