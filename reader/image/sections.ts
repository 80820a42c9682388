import type { SectorCache } from "../block/sector-cache.ts";
import { crc32 } from "../node-platform.ts";
import type { ImageHeader } from "./header.ts";

/** Bytes of the footer, which ends at the index offset of an image that has sections. */
export const FOOTER_SIZE = 512;

const SIGNATURE = Buffer.from("docteur\0", "latin1");
const VERSION = 1;
const VERSION_AT = SIGNATURE.length;
const COUNT_AT = VERSION_AT + 2;
const RECORDS_AT = COUNT_AT + 2;
const CHECKSUM_AT = FOOTER_SIZE - 4;

/** Of a record in the footer: the type, the version, the length of the rest, and where the section lies. */
const TYPE_LENGTH = 4;
const RECORD_HEADER = TYPE_LENGTH + 2 + 2 + 8 + 8;

/** A part of an image between its PACK and its IDX that makes reading faster. */
export interface Section {
  /** Four ASCII characters. */
  readonly type: string;
  readonly version: number;
  /** Byte offset in the image. */
  readonly offset: number;
  /** Bytes. */
  readonly length: number;
  /** What its type needs to know of it in advance. */
  readonly details: Uint8Array;
}

/** The footer that tells of these sections. @throws {RangeError} if they do not fit in it. */
export function encodeFooter(sections: readonly Section[]): Uint8Array {
  const footer = Buffer.alloc(FOOTER_SIZE);
  footer.set(SIGNATURE);
  footer.writeUInt16BE(VERSION, VERSION_AT);
  footer.writeUInt16BE(sections.length, COUNT_AT);
  let at = RECORDS_AT;
  for (const { type, version, offset, length, details } of sections) {
    if (at + RECORD_HEADER + details.length > CHECKSUM_AT) throw new RangeError("the footer is full");
    footer.write(type, at, TYPE_LENGTH, "latin1");
    footer.writeUInt16BE(version, at + TYPE_LENGTH);
    footer.writeUInt16BE(details.length, at + TYPE_LENGTH + 2);
    footer.writeBigUInt64BE(BigInt(offset), at + TYPE_LENGTH + 4);
    footer.writeBigUInt64BE(BigInt(length), at + TYPE_LENGTH + 12);
    footer.set(details, at + RECORD_HEADER);
    at += RECORD_HEADER + details.length;
  }
  footer.writeUInt32BE(crc32(footer.subarray(0, CHECKSUM_AT)), CHECKSUM_AT);
  return footer;
}

/** Whether bytes begin as a footer does. */
export function looksLikeFooter(bytes: Uint8Array): boolean {
  return SIGNATURE.every((byte, i) => bytes[i] === byte);
}

/**
 * The sections of the image that a cache reads: none if it has no footer, or one of a later version.
 *
 * @returns undefined if there is a footer, and it is damaged.
 * @throws {InvalidImageError} fault `device`.
 */
export function readSections(
  cache: SectorCache,
  { packStart, indexOffset }: Pick<ImageHeader, "packStart" | "indexOffset">,
): readonly Section[] | undefined {
  const start = indexOffset - FOOTER_SIZE;
  if (start < packStart) return [];
  const footer = Buffer.from(cache.read(start, FOOTER_SIZE));
  if (!looksLikeFooter(footer)) return [];
  if (footer.readUInt16BE(VERSION_AT) !== VERSION) return [];
  if (footer.readUInt32BE(CHECKSUM_AT) !== crc32(footer.subarray(0, CHECKSUM_AT))) return undefined;
  const sections: Section[] = [];
  let at = RECORDS_AT;
  for (let left = footer.readUInt16BE(COUNT_AT); left > 0; left--) {
    if (at + RECORD_HEADER > CHECKSUM_AT) return undefined;
    const end = at + RECORD_HEADER + footer.readUInt16BE(at + TYPE_LENGTH + 2);
    const offset = Number(footer.readBigUInt64BE(at + TYPE_LENGTH + 4));
    const length = Number(footer.readBigUInt64BE(at + TYPE_LENGTH + 12));
    if (end > CHECKSUM_AT || offset < packStart || offset + length > start) return undefined;
    sections.push({
      type: footer.toString("latin1", at, at + TYPE_LENGTH),
      version: footer.readUInt16BE(at + TYPE_LENGTH),
      offset,
      length,
      details: footer.subarray(at + RECORD_HEADER, end),
    });
    at = end;
  }
  return sections;
}
