import type { SectorCache } from "../../reader/block/sector-cache.ts";
import { InvalidImageError } from "../../reader/errors.ts";
import type { ImageHeader } from "../../reader/image/header.ts";
import { FOOTER_SIZE, readSections, type Section } from "../../reader/image/sections.ts";
import { encodeDetails } from "../../reader/layout/details.ts";
import { BLOCK_SIZE } from "../../reader/layout/format.ts";
import { LayoutSection } from "../../reader/layout/layout-section.ts";
import type { LayoutShape } from "../../reader/layout/layout-writer.ts";
import { detailsOf, type LayoutOf, layoutBlocks } from "./layout-blocks.ts";

/**
 * Compares the layout of an image, byte for byte, with the one that its PACK implies. Pauses after each
 * block. Does nothing if the image has no footer, or no layout of the version that this program knows.
 *
 * @param packEnd where the PACK ends, in bytes from the start of the image.
 * @returns bytes of the layout; 0 if there is none.
 * @throws {InvalidImageError} fault `layout` at the first byte that differs, and what `source` throws.
 */
export function* checkLayout(
  cache: SectorCache,
  { packEnd, ...header }: Pick<ImageHeader, "packStart" | "indexOffset"> & { readonly packEnd: number },
  source: LayoutOf,
): Generator<void, number> {
  const { indexOffset } = header;
  const sections = readSections(cache, header);
  const footer = indexOffset - FOOTER_SIZE;
  // What looks like a damaged footer there is the content of an object.
  if (sections === undefined && footer < packEnd) return 0;
  if (sections === undefined) throw wrong("the footer is damaged", footer);
  if (sections.length > 0 && footer < packEnd) throw wrong("the footer lies within the PACK", footer);
  const section = LayoutSection.find(sections);
  if (section === undefined) return 0;
  if (section.offset < packEnd) throw wrong("the layout lies within the PACK", section.offset);
  const blocks = layoutBlocks(source);
  let at = section.offset;
  for (;;) {
    const { done, value } = blocks.next();
    if (done === true) {
      checkEnd(section, at, indexOffset, source, value);
      return section.length;
    }
    if (at + value.length > section.offset + section.length) throw wrong("the layout is cut short", at);
    const found = cache.read(at, value.length);
    const byte = found.findIndex((byte, i) => byte !== value[i]);
    if (byte >= 0) throw wrong("the layout is not the one that the PACK implies", at + byte);
    at += value.length;
    yield;
  }
}

function checkEnd(
  { offset, length, details }: Section,
  end: number,
  indexOffset: number,
  source: LayoutOf,
  shape: LayoutShape | string,
): void {
  if (typeof shape === "string") throw wrong(`there can be no layout: ${shape}`, offset);
  if (end !== offset + length) throw wrong("the layout has more than the PACK implies", end);
  if (shape.levels.length > 1 && offset % BLOCK_SIZE !== 0) {
    throw wrong(`the layout does not begin at a multiple of ${BLOCK_SIZE} bytes`, offset);
  }
  const implied = encodeDetails(detailsOf(source, shape));
  if (Buffer.compare(implied, details) !== 0) {
    throw wrong("the footer says of the layout what is not so", indexOffset - FOOTER_SIZE);
  }
}

function wrong(what: string, offset: number): InvalidImageError {
  return new InvalidImageError("layout", what, { offset });
}
