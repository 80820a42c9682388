import { readFileSync } from "node:fs";
import { join } from "node:path";
import { verifyDevice } from "../../../image-builder/verify/verify-device.ts";
import { memoryDevice } from "../../../reader/block/memory.ts";
import { type Fault, InvalidImageError } from "../../../reader/errors.ts";
import { FIXTURES, SHA256_FIXTURES } from "../../fixtures.ts";

/** Where the parts of an image lie; `FORMAT.md` explains them. */
export interface Offsets {
  readonly file: string;
  readonly idLength: number;
  readonly packStart: number;
  readonly packEnd: number;
  readonly index: number;
  readonly count: number;
  readonly ids: number;
  readonly crcs: number;
  readonly offsets: number;
  readonly trailer: number;
  readonly indexEnd: number;
}

function offsetsIn(file: string, idLength: number, packSize: number, index: number, count: number): Offsets {
  const packStart = idLength + 8;
  const ids = index + 8 + 1024;
  const crcs = ids + idLength * count;
  const offsets = crcs + 4 * count;
  const trailer = offsets + 4 * count;
  const indexEnd = trailer + 2 * idLength;
  const packEnd = packStart + packSize;
  return { file, idLength, packStart, packEnd, index, count, ids, crcs, offsets, trailer, indexEnd };
}

/** Those of `small.img`. */
export const SMALL = {
  ...offsetsIn(join(FIXTURES, "small.img"), 20, 6422, 6656, 15),
  lastEntry: 6306,
} as const;

/** Those of an image by SHA-256, with deltas that name their base by its id. */
export const SMALL_SHA256: Offsets = offsetsIn(
  join(SHA256_FIXTURES, "bases-by-id.img"),
  32,
  23_111,
  23_552,
  25,
);

/** The bytes of `small.img`, the caller's own. */
export function smallImage(): Buffer {
  return readFileSync(SMALL.file);
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
