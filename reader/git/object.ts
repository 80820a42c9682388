import type { Hash } from "./hash.ts";
import type { ObjectFormat } from "./object-format.ts";

/** The four kinds of object, as git names them. */
export type ObjectKind = "commit" | "tree" | "blob" | "tag";

/** An object: its kind and its content, without git's loose-object header. */
export interface GitObject {
  readonly kind: ObjectKind;
  readonly bytes: Uint8Array;
}

/** A hash that has taken in what git puts before a content, `kind SP size NUL`, and now wants the content. */
export function objectHash(kind: ObjectKind, size: number, format: ObjectFormat): Hash {
  return format.createHash().update(`${kind} ${size}\0`);
}

/** The raw id that git gives to a content of this kind. */
export function objectId(kind: ObjectKind, bytes: Uint8Array, format: ObjectFormat): Uint8Array {
  if (bytes.length > LARGEST_COPIED) return objectHash(kind, bytes.length, format).update(bytes).digest();
  copied ??= new Uint8Array(OBJECT_HEADER_LENGTH + LARGEST_COPIED);
  copied.set(bytes, OBJECT_HEADER_LENGTH);
  const id = objectIdInPlace(kind, copied, OBJECT_HEADER_LENGTH, bytes.length, format);
  return Buffer.from(id, "latin1");
}

/** Bytes of a content that is copied behind git's header: see `objectIdInPlace`. */
const LARGEST_COPIED = 16 * 1024;
let copied: Uint8Array | undefined;

/** Bytes that the longest `kind SP size NUL` takes: `commit`, and a size of 16 digits. */
export const OBJECT_HEADER_LENGTH = 24;

const SPACE = 0x20;
const DIGIT_0 = 0x30;

/**
 * The raw id, each byte a character, of the content of `size` bytes at `start`. Overwrites up to
 * `OBJECT_HEADER_LENGTH` bytes before it: with what git hashes first in its place, one call hashes both. For
 * small objects an `objectHash` takes three times as long, and makes garbage outside of V8's heap.
 */
export function objectIdInPlace(
  kind: ObjectKind,
  memory: Uint8Array,
  start: number,
  size: number,
  format: ObjectFormat,
): string {
  let first = start;
  memory[--first] = 0;
  let digits = size;
  do {
    memory[--first] = DIGIT_0 + (digits % 10);
    digits = Math.floor(digits / 10);
  } while (digits > 0);
  memory[--first] = SPACE;
  for (let i = kind.length - 1; i >= 0; i--) memory[--first] = kind.charCodeAt(i);
  return format.hash(memory.subarray(first, start + size));
}
