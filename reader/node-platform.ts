import * as crypto from "node:crypto";
import type { HashAlgorithm, HashFunctions } from "./git/hash.ts";
import { type ObjectFormat, objectFormat } from "./git/object-format.ts";

/** Node 21.0 to 21.6 have no `crypto.hash`. */
const hash: (algorithm: HashAlgorithm, bytes: Uint8Array, encoding: "latin1") => string =
  crypto.hash ??
  ((algorithm, bytes, encoding) => crypto.createHash(algorithm).update(bytes).digest(encoding));

/** Node's own hash functions. */
export const NODE_HASHES: HashFunctions = {
  createHash: (algorithm) => crypto.createHash(algorithm),
  hash: (algorithm, bytes) => hash(algorithm, bytes, "latin1"),
};

/** The format of objects named by SHA-1, hashed by Node. */
export const SHA1: ObjectFormat = objectFormat("sha1", NODE_HASHES);
