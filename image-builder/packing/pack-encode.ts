import type { ObjectKind } from "../../reader/git/object.ts";

/** An object's type in a PACK entry (gitformat-pack(5)). */
const TYPES: Readonly<Record<ObjectKind, number>> = { commit: 1, tree: 2, blob: 3, tag: 4 };

/** The 12 bytes a PACK starts with: signature, version 2, the number of objects. */
export function encodePackHeader(objects: number): Uint8Array {
  const header = Buffer.from("PACK\0\0\0\x02\0\0\0\0", "latin1");
  header.writeUInt32BE(objects, 8);
  return header;
}

/**
 * The header of an entry that is a whole object: type and size, 4 bits of the size in the first byte and 7 in each that
 * follows, the lowest first; the top bit says that another byte follows. `size` is a safe integer.
 */
export function encodePackEntryHeader(kind: ObjectKind, size: number): Uint8Array {
  const bytes = [(TYPES[kind] << 4) | (size % 16)];
  // Division, not shifts: those cut numbers to 32 bits.
  for (let rest = Math.floor(size / 16); rest > 0; rest = Math.floor(rest / 128)) {
    bytes[bytes.length - 1]! |= 0x80;
    bytes.push(rest % 128);
  }
  return Uint8Array.from(bytes);
}
