import { ID_LENGTHS } from "./object-format.ts";

const LENGTHS = Object.values(ID_LENGTHS);

/** The hexadecimal digits of a raw id. */
export function hex(raw: Uint8Array): string {
  return Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength).toString("hex");
}

/**
 * The raw bytes of an id in hexadecimal.
 * @param idLength bytes that it must have. Default: those that any object format has.
 * @throws {RangeError} unless it is as many hexadecimal digits as an id has.
 */
export function raw(digits: string, idLength?: number): Uint8Array {
  // Decoding stops at what is no digit.
  const bytes = Buffer.from(digits, "hex");
  const isLong = idLength === undefined ? LENGTHS.includes(bytes.length) : bytes.length === idLength;
  if (!isLong || digits.length !== 2 * bytes.length) throw new RangeError(`not an object id: ${digits}`);
  return bytes;
}

/** Whether a string is a full id: 40 hexadecimal digits for SHA-1, 64 for SHA-256. */
export function isObjectId(digits: string): boolean {
  return LENGTHS.some((length) => digits.length === 2 * length) && /^[0-9a-f]*$/i.test(digits);
}

/** Whether two raw ids are the same. */
export function sameId(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return a.length === b.length;
}
