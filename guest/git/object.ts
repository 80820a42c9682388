import { createHash, type Hash } from "node:crypto";

/** The four kinds of object, as git names them. */
export type ObjectKind = "commit" | "tree" | "blob" | "tag";

/** An object: its kind and its content, without git's loose-object header. */
export interface GitObject {
  readonly kind: ObjectKind;
  readonly bytes: Uint8Array;
}

/** A hash that has taken in what git puts before a content, `kind SP size NUL`, and now wants the content. */
export function objectHash(kind: ObjectKind, size: number): Hash {
  return createHash("sha1").update(`${kind} ${size}\0`);
}

/** The raw SHA-1 id git gives to a content of this kind. */
export function objectId(kind: ObjectKind, bytes: Uint8Array): Uint8Array {
  return objectHash(kind, bytes.length).update(bytes).digest();
}
