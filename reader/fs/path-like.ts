import { fileURLToPath } from "node:url";
import { wrongType, wrongValue } from "./argument-error.ts";

/** A path as node:fs takes it: text, bytes where a name is not UTF-8, or a `file:` URL. */
export type PathLike = string | Uint8Array | URL;

/** A path's bytes, and its text for errors. */
export interface Path {
  readonly bytes: Uint8Array;
  readonly text: string;
}

/** @throws {ArgumentError} if it is no path, or contains a NUL byte. */
export function toPath(value: PathLike, name = "path"): Path {
  const path = value instanceof URL ? fileURLToPath(value) : value;
  if (typeof path !== "string" && !(path instanceof Uint8Array)) {
    throw wrongType(name, "of type string or an instance of Buffer or URL", value);
  }
  const bytes = typeof path === "string" ? Buffer.from(path) : path;
  const text = typeof path === "string" ? path : toBuffer(path).toString();
  if (bytes.includes(0)) {
    throw wrongValue(name, "must be a string, Uint8Array, or URL without null bytes", text);
  }
  return { bytes, text };
}

/** The same bytes as a Buffer. */
export function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
