import { encodeHeader, HEADER_SIZE, paddedTo } from "../../reader/image/header.ts";

export interface ImageParts {
  /** 40 hexadecimal digits. */
  readonly commit: string;
  readonly pack: Uint8Array;
  readonly idx: Uint8Array;
  /** Default 512. */
  readonly blockSize?: number;
}

/** Puts an image together as the format says. */
export function assembleImage({ commit, pack, idx, blockSize = 512 }: ImageParts): Buffer {
  const indexOffset = paddedTo(HEADER_SIZE + pack.length, blockSize);
  const image = Buffer.alloc(paddedTo(indexOffset + idx.length, blockSize));
  image.set(encodeHeader(Buffer.from(commit, "hex"), indexOffset));
  image.set(pack, HEADER_SIZE);
  image.set(idx, indexOffset);
  return image;
}

/** Takes an image apart: the PACK with its padding, and everything from the index offset on. */
export function splitImage(image: Uint8Array): { pack: Uint8Array; index: Uint8Array; indexOffset: number } {
  const view = new DataView(image.buffer, image.byteOffset);
  const indexOffset = Number(view.getBigUint64(20, true));
  return {
    pack: image.subarray(HEADER_SIZE, indexOffset),
    index: image.subarray(indexOffset),
    indexOffset,
  };
}
