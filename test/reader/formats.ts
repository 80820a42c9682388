import fc from "fast-check";
import type { ObjectFormat } from "../../reader/git/object-format.ts";
import { SHA1, SHA256 } from "../../reader/node-platform.ts";

/** The formats of an image, by either hash function. */
export const FORMATS: readonly ObjectFormat[] = [SHA1, SHA256];

/** One format or the other: for properties whose runs are shared by both. */
export const anyFormat: fc.Arbitrary<ObjectFormat> = fc.constantFrom(...FORMATS);

/** A raw id of a format, of any bytes. */
export function anyId({ idLength }: ObjectFormat): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ minLength: idLength, maxLength: idLength });
}
