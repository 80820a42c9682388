import type { Hash, HashAlgorithm, HashFunctions } from "./hash.ts";

/** Bytes of a raw id, by the hash function that computes it. */
export const ID_LENGTHS: Readonly<Record<HashAlgorithm, number>> = { sha1: 20, sha256: 32 };

/** The hash functions that git knows. */
export const HASH_ALGORITHMS: readonly HashAlgorithm[] = ["sha1", "sha256"];

/** The hash functions as a sentence names them. */
export const HASH_NAMES: Readonly<Record<HashAlgorithm, string>> = { sha1: "SHA-1", sha256: "SHA-256" };

/** The most bytes that a raw id has. */
export const LONGEST_ID: number = Math.max(...Object.values(ID_LENGTHS));

/**
 * The hash function of an object id in hexadecimal: as in git, its length tells.
 * @throws {RangeError} if no id has that length.
 */
export function algorithmOf(id: string): HashAlgorithm {
  const found = HASH_ALGORITHMS.find((name) => id.length === 2 * ID_LENGTHS[name]);
  if (found !== undefined) return found;
  throw new RangeError(`not an object id: ${id}`);
}

/** How a repository names its objects (git's `extensions.objectFormat`). */
export interface ObjectFormat {
  readonly name: HashAlgorithm;
  /** Bytes of a raw id, and of the checksums at the end of a PACK and of an IDX. */
  readonly idLength: number;
  /** A hash that has taken in nothing yet. */
  readonly createHash: () => Hash;
  /**
   * The hash of some bytes, each byte of it a character: for small ones a third of the time that a `Hash`
   * takes.
   */
  readonly hash: (bytes: Uint8Array) => string;
}

/** An object format, with an implementation of its hash function. */
export function objectFormat(name: HashAlgorithm, { createHash, hash }: HashFunctions): ObjectFormat {
  return {
    name,
    idLength: ID_LENGTHS[name],
    createHash: () => createHash(name),
    hash:
      hash === undefined
        ? (bytes) => Buffer.from(createHash(name).update(bytes).digest()).toString("latin1")
        : (bytes) => hash(name, bytes),
  };
}
