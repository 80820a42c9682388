// An image whose layout says what a test wants it to say, with the right checksums.
import { crc32 } from "node:zlib";
import { memoryDevice } from "../../reader/block/memory.ts";
import { SectorCache } from "../../reader/block/sector-cache.ts";
import { encodeHeader, readHeader } from "../../reader/image/header.ts";
import { encodeFooter, FOOTER_SIZE, readSections } from "../../reader/image/sections.ts";
import { decodeDetails, encodeDetails, type LayoutDetails } from "../../reader/layout/details.ts";
import { BLOCK_SIZE, LAYOUT_TYPE, LAYOUT_VERSION } from "../../reader/layout/format.ts";
import { LayoutCursor } from "../../reader/layout/layout-cursor.ts";
import { LayoutSection } from "../../reader/layout/layout-section.ts";
import { NODE_FORMATS } from "../../reader/node-platform.ts";
import { type LaidOut, written } from "./layout/layout-file.ts";

export interface LayoutChange {
  /** What the leaves have, in any order, instead of the items that are true. */
  readonly items?: (items: LaidOut[]) => readonly LaidOut[];
  /** Changes the bytes of the section; `nodes` is where the blocks above the leaves begin. */
  readonly bytes?: (bytes: Buffer, nodes: number) => void;
  readonly details?: (details: LayoutDetails) => LayoutDetails;
}

/** The items of the layout of an image. */
export function itemsOf(image: Uint8Array): { items: LaidOut[]; details: LayoutDetails } {
  const cache = new SectorCache(memoryDevice(image));
  const header = readHeader(cache);
  const sections = readSections(cache, header) ?? [];
  const section = LayoutSection.open(
    cache,
    LayoutSection.find(sections)!,
    NODE_FORMATS[header.hash],
    1024 ** 2,
  ) as LayoutSection;
  const items: LaidOut[] = [];
  const cursor = new LayoutCursor(section);
  for (cursor.goToRank(0); ; ) {
    const { entry } = cursor;
    const isMark = entry.isDisorderMark;
    items.push({
      key: Buffer.from(entry.key.slice(0, entry.keyLength)),
      type: isMark ? "disordered" : entry.type,
      id: isMark ? Buffer.alloc(0) : Buffer.from(entry.id),
      location: isMark ? undefined : entry.location,
    });
    if (!cursor.next()) return { items, details: section.details };
  }
}

/** The image, which has a layout, with another. */
export function changedLayout(image: Buffer, { items, bytes, details }: LayoutChange): Buffer {
  const cache = new SectorCache(memoryDevice(image));
  const header = readHeader(cache);
  const { hash, commit, packStart, indexOffset } = header;
  const section = (readSections(cache, header) ?? [])[0]!;
  let laidOut: Buffer = Buffer.from(image.subarray(section.offset, section.offset + section.length));
  let said = decodeDetails(section.details, NODE_FORMATS[hash].idLength) as LayoutDetails;
  if (items !== undefined) {
    const falseImage = written(items(itemsOf(image).items), NODE_FORMATS[hash]);
    laidOut = falseImage.bytes;
    said = { ...said, ...falseImage.shape };
  }
  bytes?.(laidOut, (said.levels[0] as number) * BLOCK_SIZE);
  for (let at = 0; at < laidOut.length; at += BLOCK_SIZE) {
    const block = laidOut.subarray(at, at + BLOCK_SIZE);
    block.writeUInt32BE(crc32(block.subarray(4)));
  }
  const start = Math.ceil(section.offset / BLOCK_SIZE) * BLOCK_SIZE;
  const newOffset = Math.ceil((start + laidOut.length + FOOTER_SIZE) / 512) * 512;
  const falseImage = Buffer.alloc(newOffset + image.length - indexOffset);
  falseImage.set(image.subarray(packStart, section.offset), packStart);
  falseImage.set(encodeHeader(Buffer.from(commit, "hex"), newOffset));
  falseImage.set(laidOut, start);
  const record = {
    type: LAYOUT_TYPE,
    version: LAYOUT_VERSION,
    offset: start,
    length: laidOut.length,
    details: encodeDetails(details?.(said) ?? said),
  };
  falseImage.set(encodeFooter([record]), newOffset - FOOTER_SIZE);
  falseImage.set(image.subarray(indexOffset), newOffset);
  return falseImage;
}
