import type { BlockDevice } from "../../reader/block/device.ts";
import { type Commit, parseCommit } from "../../reader/git/commit.ts";
import type { HashAlgorithm } from "../../reader/git/hash.ts";
import { openObjects } from "../../reader/image/open-objects.ts";
import { FOOTER_SIZE, readSections, type Section } from "../../reader/image/sections.ts";
import { openLayoutSection, readCommit } from "../../reader/paths/open-frozen.ts";

/** What the headers, the tables and the commit of an image say of it. Sizes and offsets in bytes. */
export interface ImageDescription {
  /** The hash function that names the objects. */
  readonly hash: HashAlgorithm;
  /** The commit's id, hexadecimal. */
  readonly id: string;
  readonly commit: Commit;
  /** Objects in the PACK. */
  readonly objects: number;
  /** Entries in the layout, files and folders; undefined if the image has no layout. */
  readonly entries: number | undefined;
  readonly size: number;
  /** Where the PACK begins. */
  readonly packOffset: number;
  /** The PACK, with its padding. */
  readonly packSize: number;
  /** Undefined if the footer that describes them is damaged. */
  readonly sections: readonly Omit<Section, "details">[] | undefined;
  readonly indexOffset: number;
  /** The IDX, with its padding. */
  readonly indexSize: number;
}

/**
 * Reads what an image says of itself: header, fan-out of the IDX, footer, and the commit, whose id it verifies.
 *
 * @param device stays open.
 * @throws {InvalidImageError} one of these is damaged.
 */
export function describeImage(device: BlockDevice): ImageDescription {
  const opened = openObjects(device, { boundWork: true });
  const { id, objects, format, packStart, indexOffset, indexCache } = opened;
  const sections = readSections(indexCache, opened);
  const layout = openLayoutSection(opened, {});
  const commit = parseCommit(readCommit(opened, layout), id);
  const starts = (sections ?? []).map(({ offset }) => offset);
  const packEnd = Math.min(indexOffset - (starts.length > 0 ? FOOTER_SIZE : 0), ...starts);
  return {
    hash: format.name,
    id,
    commit,
    objects: objects.count,
    entries: layout?.details.entries,
    size: device.size,
    packOffset: packStart,
    packSize: packEnd - packStart,
    sections: sections?.map(({ type, version, offset, length }) => ({ type, version, offset, length })),
    indexOffset,
    indexSize: device.size - indexOffset,
  };
}
