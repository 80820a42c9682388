import { encodeFooter, FOOTER_SIZE } from "../../reader/image/sections.ts";
import { encodeDetails } from "../../reader/layout/details.ts";
import { BLOCK_SIZE, LAYOUT_TYPE, LAYOUT_VERSION } from "../../reader/layout/format.ts";
import { detailsOf, type LayoutOf, layoutBlocks } from "./layout-blocks.ts";

/** Bytes of an image that needs no layout: all of it is four blocks. */
export const SMALLEST_WITH_LAYOUT = 16 * 1024;

/** Bytes written at a time. */
const CHUNK = 1024 * 1024;

/** Where a layout is to lie. */
export interface LayoutTarget {
  /** Where it may begin: the padded end of the PACK, in bytes from the start of the image. */
  readonly start: number;
  /** Bytes; see `checkBlockSize`. */
  readonly blockSize: number;
}

/** Bytes to be written to the image at an offset. */
export interface LayoutPiece {
  readonly at: number;
  readonly bytes: Uint8Array;
}

/** The index offset of the image with the layout, or why it has none. */
export type WrittenLayout = { readonly indexOffset: number } | { readonly why: string };

/**
 * The layout of a commit with the footer, in pieces to be written; pauses after each block. Blocks of 4 KiB
 * lie at multiples of 4 KiB; the layout of a few files is shorter than that, and lies anywhere.
 *
 * @throws what `source` throws.
 */
export function* layoutPieces(
  source: LayoutOf,
  { start, blockSize }: LayoutTarget,
): Generator<LayoutPiece | undefined, WrittenLayout> {
  const aligned = Math.ceil(start / BLOCK_SIZE) * BLOCK_SIZE;
  const blocks = layoutBlocks(source);
  let waiting: Uint8Array[] = [];
  /** Bytes of all blocks, and of those that wait. */
  let length = 0;
  let waitingLength = 0;
  let next = blocks.next();
  for (; next.done !== true; next = blocks.next()) {
    waiting.push(next.value);
    length += next.value.length;
    waitingLength += next.value.length;
    // More than one block: it is no short layout.
    if (waitingLength < CHUNK) yield undefined;
    else {
      yield { at: aligned + length - waitingLength, bytes: Buffer.concat(waiting) };
      waiting = [];
      waitingLength = 0;
    }
  }
  const shape = next.value;
  if (typeof shape === "string") return { why: shape };
  const offset = shape.levels.length === 1 ? start : aligned;
  const end = offset + length;
  const indexOffset = Math.ceil((end + FOOTER_SIZE) / blockSize) * blockSize;
  yield { at: start, bytes: Buffer.alloc(offset - start) };
  yield { at: end - waitingLength, bytes: Buffer.concat(waiting) };
  yield { at: end, bytes: Buffer.alloc(indexOffset - FOOTER_SIZE - end) };
  const details = encodeDetails(detailsOf(source, shape));
  const section = { type: LAYOUT_TYPE, version: LAYOUT_VERSION, offset, length, details };
  yield { at: indexOffset - FOOTER_SIZE, bytes: encodeFooter([section]) };
  return { indexOffset };
}
