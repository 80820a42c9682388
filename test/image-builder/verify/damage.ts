import { readFileSync } from "node:fs";
import { join } from "node:path";
import { verifyDevice } from "../../../image-builder/verify/verify-device.ts";
import { memoryDevice } from "../../../reader/block/memory.ts";
import { type Fault, InvalidImageError } from "../../../reader/errors.ts";
import { FIXTURES } from "../../fixtures.ts";

/** Offsets in `small.img`; `FORMAT.md` explains them. */
export const SMALL = {
  packEnd: 28 + 6422,
  lastEntry: 6306,
  index: 6656,
  count: 15,
  ids: 6656 + 8 + 1024,
  crcs: 6656 + 8 + 1024 + 20 * 15,
  offsets: 6656 + 8 + 1024 + 24 * 15,
  trailer: 6656 + 8 + 1024 + 28 * 15,
  indexEnd: 6656 + 8 + 1024 + 28 * 15 + 40,
} as const;

/** The bytes of `small.img`, the caller's own. */
export function smallImage(): Buffer {
  return readFileSync(join(FIXTURES, "small.img"));
}

/** `small.img` with bits of one byte flipped. */
export function flipped(at: number, mask = 1): Buffer {
  const image = smallImage();
  image.writeUInt8(image.readUInt8(at) ^ mask, at);
  return image;
}

/** `small.img` without its end. */
export function cutAt(length: number): Buffer {
  return smallImage().subarray(0, length);
}

/** `small.img` whose PACK claims another number of objects. */
export function claiming(objects: number): Buffer {
  const image = smallImage();
  image.writeUInt32BE(objects, 28 + 8);
  return image;
}

/** `small.img` with another index offset. */
export function indexedAt(offset: number): Buffer {
  const image = smallImage();
  image.writeBigUInt64LE(BigInt(offset), 20);
  return image;
}

export interface FoundFault {
  /** `none` if the image is undamaged. */
  readonly fault: Fault | "none";
  readonly offset: number | undefined;
  readonly object: string | undefined;
}

/** The fault that an image has, and where. */
export function faultIn(image: Uint8Array): FoundFault {
  try {
    verifyDevice(memoryDevice(image));
  } catch (error) {
    if (!(error instanceof InvalidImageError)) throw error;
    const { fault, offset, object } = error;
    return { fault, offset, object };
  }
  return { fault: "none", offset: undefined, object: undefined };
}
