import type { SectorCache } from "../../reader/block/sector-cache.ts";
import { InvalidImageError } from "../../reader/errors.ts";
import type { ObjectFormat } from "../../reader/git/object-format.ts";
import { hex } from "../../reader/git/object-id.ts";
import type { ImageHeader } from "../../reader/image/header.ts";
import { Idx } from "../../reader/pack/idx.ts";
import type { CollisionError } from "./sha1dc/collision-error.ts";

/** The fault of an object that is part of a collision. @param offset of its entry in the image, in bytes. */
export function collisionFault(id: Uint8Array, offset: number): InvalidImageError {
  const what = "SHA-1 appears to be part of a collision attack: another content may have the same id";
  return new InvalidImageError("sha1-collision", what, { object: hex(id), offset });
}

/**
 * The fault of an image in which something is part of a collision: that of the object whose id the SHA-1 is.
 * The IDX, which may not be verified yet, says where that lies. If it does not, the SHA-1 may as well be a
 * checksum.
 */
export function findCollision(
  cache: SectorCache,
  { packStart, indexOffset }: ImageHeader,
  format: ObjectFormat,
  { sha1, message }: CollisionError,
): InvalidImageError {
  let offset: number | undefined;
  try {
    offset = new Idx(cache, indexOffset, indexOffset - packStart, format).find(sha1);
  } catch (error) {
    if (!(error instanceof InvalidImageError)) throw error;
  }
  if (offset === undefined) return new InvalidImageError("sha1-collision", message);
  return collisionFault(sha1, packStart + offset);
}
