import { crc32 } from "node:zlib";
import { DocteurError } from "../../reader/errors.ts";
import { FOOTER_SIZE } from "../../reader/image/sections.ts";
import { BLOCK_SIZE } from "../../reader/layout/format.ts";
import { withLayout } from "../reader/with-layout.ts";
import type { Random } from "./random.ts";

/** Where the footer has the offset of its first section, and the length. */
const OFFSET_AT = 12 + 8;
const LENGTH_AT = OFFSET_AT + 8;

/** Bytes that a lie changes at most, and lies at most. */
const LONGEST = 40;
const MOST = 6;

/**
 * The image with a layout, if it has one commit with paths that can be read; half of the layouts lie, with
 * checksums that are right.
 */
export function layOut(random: Random, image: Buffer): Buffer {
  let laidOut: { image: Buffer; indexOffset: number };
  try {
    laidOut = withLayout(image);
  } catch (error) {
    // Without paths, or with a tree that names what is not there, there is no layout.
    if (
      error instanceof DocteurError ||
      (error instanceof Error && /there are no paths|the PACK lacks/.test(error.message))
    )
      return image;
    throw error;
  }
  if (random.once(2)) return laidOut.image;
  const lying = Buffer.from(laidOut.image);
  const footer = lying.subarray(laidOut.indexOffset - FOOTER_SIZE, laidOut.indexOffset);
  const offset = Number(footer.readBigUInt64BE(OFFSET_AT));
  const layout = lying.subarray(offset, offset + Number(footer.readBigUInt64BE(LENGTH_AT)));
  for (let lies = 1 + random.below(MOST); lies > 0; lies--) {
    const part = random.once(4) ? footer.subarray(0, 120) : layout;
    const at = random.below(part.length);
    if (random.once(3)) part.copyWithin(at, random.below(part.length), random.below(part.length));
    else random.bytes(Math.min(1 + random.size(LONGEST), part.length - at)).copy(part, at);
  }
  for (let at = 0; at < layout.length; at += BLOCK_SIZE) {
    const block = layout.subarray(at, at + BLOCK_SIZE);
    block.writeUInt32BE(crc32(block.subarray(4)));
  }
  footer.writeUInt32BE(crc32(footer.subarray(0, -4)), FOOTER_SIZE - 4);
  return lying;
}
