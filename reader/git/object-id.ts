import { ID_LENGTHS } from "./object-format.ts";

/** Bytes of a raw id, in the one format that images have. */
export const ID_LENGTH: number = ID_LENGTHS.sha1;

const DIGITS = new RegExp(`^[0-9a-f]{${2 * ID_LENGTH}}$`, "i");

/** The hexadecimal digits of a raw id. */
export function hex(raw: Uint8Array): string {
  return Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength).toString("hex");
}

/**
 * The raw bytes of an id in hexadecimal. @throws {RangeError} unless it is as many hexadecimal digits as an
 * id has.
 */
export function raw(digits: string): Uint8Array {
  // Decoding stops at what is no digit.
  const bytes = Buffer.from(digits, "hex");
  if (digits.length !== 2 * ID_LENGTH || bytes.length !== ID_LENGTH) {
    throw new RangeError(`not an object id: ${digits}`);
  }
  return bytes;
}

/** Whether a string is a full id: as many hexadecimal digits as one has, 40 for SHA-1. */
export function isObjectId(digits: string): boolean {
  return DIGITS.test(digits);
}

/** Whether two raw ids are the same. */
export function sameId(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return a.length === b.length;
}
