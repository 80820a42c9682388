/** Bytes in a SHA-1 object id. */
export const ID_LENGTH = 20;

/** The 40 hexadecimal digits of a raw id. */
export function hex(raw: Uint8Array): string {
  return Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength).toString("hex");
}

/** The 20 raw bytes of an id given in hexadecimal. @throws {RangeError} if it is not 40 hexadecimal digits. */
export function raw(digits: string): Uint8Array {
  // Decoding stops at what is no digit.
  const bytes = Buffer.from(digits, "hex");
  if (digits.length !== 2 * ID_LENGTH || bytes.length !== ID_LENGTH) {
    throw new RangeError(`not an object id: ${digits}`);
  }
  return bytes;
}

/** Whether a string is a full SHA-1 id: 40 hexadecimal digits. */
export function isObjectId(digits: string): boolean {
  return /^[0-9a-f]{40}$/i.test(digits);
}

/** Whether two raw ids are the same. */
export function sameId(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < ID_LENGTH; i++) if (a[i] !== b[i]) return false;
  return true;
}
