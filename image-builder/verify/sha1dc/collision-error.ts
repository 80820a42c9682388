/**
 * What was hashed carries the marks of a known attack on SHA-1. Internal: a caller that knows what it hashed
 * says so in an error of its own.
 */
export class CollisionError extends Error {
  override readonly name = "CollisionError";

  constructor() {
    super("SHA-1 appears to be part of a collision attack");
  }
}
