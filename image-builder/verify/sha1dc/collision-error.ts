/**
 * What was hashed carries the marks of a known attack on SHA-1. Internal: a caller that knows what it hashed
 * says so in an error of its own.
 */
export class CollisionError extends Error {
  override readonly name = "CollisionError";
  /** The raw SHA-1 of what was hashed. */
  readonly sha1: Uint8Array;

  constructor(sha1: Uint8Array) {
    super(`SHA-1 appears to be part of a collision attack: ${Buffer.from(sha1).toString("hex")}`);
    this.sha1 = sha1;
  }
}
