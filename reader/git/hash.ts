/** The hash functions that git names objects with. */
export type HashAlgorithm = "sha1" | "sha256";

/** A hash that takes in bytes piece by piece. */
export interface Hash {
  update(bytes: Uint8Array | string): Hash;
  /** Another that has taken in the same. */
  copy(): Hash;
  /** The raw hash of all that was taken in. Nothing else may be called afterwards. */
  digest(): Uint8Array;
}

/** An implementation of the hash functions. */
export interface HashFunctions {
  /** A hash that has taken in nothing yet. */
  readonly createHash: (algorithm: HashAlgorithm) => Hash;
  /**
   * The hash of some bytes, each byte of it a character. Default: by `createHash`, which takes longer for
   * small ones.
   */
  readonly hash?: ((algorithm: HashAlgorithm, bytes: Uint8Array) => string) | undefined;
}
