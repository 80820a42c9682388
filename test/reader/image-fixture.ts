import { decodeHeader, encodeHeader, paddedTo } from "../../reader/image/header.ts";

export interface ImageParts {
  /** Hexadecimal digits. */
  readonly commit: string;
  readonly pack: Uint8Array;
  readonly idx: Uint8Array;
  /** Default 512. */
  readonly blockSize?: number;
}

/** Puts an image together as the format says. */
export function assembleImage({ commit, pack, idx, blockSize = 512 }: ImageParts): Buffer {
  const packStart = commit.length / 2 + 8;
  const indexOffset = paddedTo(packStart + pack.length, blockSize);
  const image = Buffer.alloc(paddedTo(indexOffset + idx.length, blockSize));
  image.set(encodeHeader(Buffer.from(commit, "hex"), indexOffset));
  image.set(pack, packStart);
  image.set(idx, indexOffset);
  return image;
}

/** Takes an image apart: the PACK with its padding, and everything from the index offset on. */
export function splitImage(image: Uint8Array): { pack: Uint8Array; index: Uint8Array; indexOffset: number } {
  const { packStart, indexOffset } = decodeHeader(image, image.length);
  return {
    pack: image.subarray(packStart, indexOffset),
    index: image.subarray(indexOffset),
    indexOffset,
  };
}
