// What the reader takes from Node by default. The rest of the reader gets it from here, so that a build for
// another host has one file to replace.
import * as crypto from "node:crypto";
import * as zlib from "node:zlib";
import { NODE_THREADS } from "./bulk/threads.ts";
import type { HashAlgorithm } from "./git/hash.ts";
import { type ObjectFormat, objectFormat } from "./git/object-format.ts";
import { portableCrc32 } from "./pack/crc32.ts";
import { PakoInflater } from "./pack/inflate-pako.ts";
import { ZlibInflater } from "./pack/inflate-zlib.ts";
import type { Platform } from "./platform.ts";

/** Node 21.0 to 21.6 have no `crypto.hash`. */
const hash: (algorithm: HashAlgorithm, bytes: Uint8Array, encoding: "latin1") => string =
  crypto.hash ??
  ((algorithm, bytes, encoding) => crypto.createHash(algorithm).update(bytes).digest(encoding));

/** Node's zlib, hashes and threads; pako where its zlib cannot be driven. */
export const NODE_PLATFORM: Platform = {
  createInflater: () => ZlibInflater.create() ?? new PakoInflater(),
  createHash: (algorithm) => crypto.createHash(algorithm),
  hash: (algorithm, bytes) => hash(algorithm, bytes, "latin1"),
  threads: NODE_THREADS,
};

/** The formats of objects named by either hash function, hashed by Node. */
export const SHA1: ObjectFormat = objectFormat("sha1", NODE_PLATFORM);
export const SHA256: ObjectFormat = objectFormat("sha256", NODE_PLATFORM);
export const NODE_FORMATS: Readonly<Record<HashAlgorithm, ObjectFormat>> = { sha1: SHA1, sha256: SHA256 };

/**
 * The CRC-32 of bytes, unsigned. Node 21, 22.0 and 22.1 have none.
 * @param before the CRC-32 of what came before these bytes.
 */
export const crc32: (bytes: Uint8Array, before?: number) => number = zlib.crc32 ?? portableCrc32;
