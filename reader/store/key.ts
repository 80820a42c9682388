import { DocteurError } from "../errors.ts";
import { printable } from "../printable.ts";
import { withPath } from "./errors.ts";

/**
 * A path in the image: text, or bytes where a name is not UTF-8. Slashes at the start or in a row mean
 * nothing; with one at the end the path must name a dictionary.
 */
export type Key = string | Uint8Array;

/** Characters of a path that a message shows. */
const SHOWN = 300;

/** The bytes of a key. */
export function keyBytes(key: Key): Uint8Array {
  return typeof key === "string" ? Buffer.from(key) : key;
}

/** The beginning of a key, for a message. */
export function showKey(key: Key): string {
  const shown = typeof key === "string" ? key : text(key.subarray(0, 4 * SHOWN));
  return printable(shown.length <= SHOWN ? shown : `${shown.slice(0, SHOWN)}...`);
}

/** Does work for a key. An error for an object that is too large then names the path. */
export function atPath<Result>(key: Key, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw errorAtPath(error, key);
  }
}

/** The same for a stream. */
export async function* piecesAtPath(
  key: Key,
  pieces: AsyncGenerator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    yield* pieces;
  } catch (error) {
    throw errorAtPath(error, key);
  }
}

/** An error of reading a key's value, which may name the object alone, as one that names the path. */
export function errorAtPath<Thrown>(error: Thrown, key: Key): Thrown | DocteurError {
  return error instanceof DocteurError ? withPath(error, showKey(key)) : error;
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
}
