import { InvalidImageError } from "../errors.ts";
import type { ObjectKind } from "../git/object.ts";
import { ID_LENGTH } from "../git/object-id.ts";

/** An entry's longest header: 10 bytes of type and size, and a base's id (20) or distance (10). */
export const MAX_ENTRY_HEADER = 10 + ID_LENGTH;

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

/** The first object's offset: after `PACK`, the version and the number of objects. */
export const FIRST_ENTRY = 12;

/**
 * Decodes the header of the entry at `offset` in the PACK, `offset + packStart` in the image.
 *
 * @param bytes hold it from `start` to `end`. 30 bytes are always enough; fewer are if the entry ends in them.
 * @throws {InvalidImageError} fault `pack-entry`: an unknown type, a size beyond 2^53, a base outside the PACK's past.
 */
export function decodeEntryHeader(
  bytes: Uint8Array,
  offset: number,
  packStart: number,
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

  let isWhole = byte < 0x80;

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
    isWhole &&= byte < 0x80 || distance > offset;
  } else if (type === REF_DELTA) {
    // A copy: `slice` of a Buffer is a view, and the memory of the sector cache is used again.
    baseId = new Uint8Array(bytes.subarray(position, position + ID_LENGTH));
    position += ID_LENGTH;
  } else if (kind === undefined) {
    throw fault(`the entry has type ${type}, which git does not know`, packStart + offset);
  }
  if (!isWhole || position > end) throw fault("the entry's header is cut short", packStart + offset);

  const baseOffset = distance === undefined ? undefined : offset - distance;
  if (baseOffset !== undefined && (baseOffset === offset || baseOffset < FIRST_ENTRY)) {
    throw fault("the delta's base lies outside the PACK", packStart + offset);
  }
  return { offset, dataOffset: offset + position - start, size, kind, baseOffset, baseId };
}

function fault(what: string, offset: number): InvalidImageError {
  return new InvalidImageError("pack-entry", what, { offset });
}
