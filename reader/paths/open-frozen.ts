import { raw } from "../git/object-id.ts";
import type { ConnectOptions, OpenedObjects } from "../image/open-objects.ts";
import { readSections } from "../image/sections.ts";
import { LayoutSection } from "../layout/layout-section.ts";

/** Bytes of blocks of the layout that are kept. */
const CAPACITY = 1024 * 1024;

/**
 * Opens the layout that an image has in a section, if it has one that is sound as far as the footer tells.
 * @throws {InvalidImageError} fault `device`.
 */
export function openLayoutSection(
  opened: OpenedObjects,
  { layout, onNote }: ConnectOptions,
): LayoutSection | undefined {
  const { format, indexCache } = opened;
  const sections = readSections(indexCache, opened);
  if (sections === undefined) {
    onNote?.(damagedLayout("the checksum of the footer is wrong"));
    return undefined;
  }
  const section = LayoutSection.find(sections);
  if (section === undefined) {
    if (layout === "frozen") onNote?.("this image has no layout, so it is read by its trees");
    return undefined;
  }
  const found = LayoutSection.open(indexCache, section, format, CAPACITY);
  if (found === undefined) onNote?.(damagedLayout("what the footer says of it makes no sense"));
  return found;
}

/** The note of a layout that is left. */
export function damagedLayout(why: string): string {
  return `the layout of this image is damaged, so it is read without: ${why}`;
}

/**
 * The content of the commit object, which lies where the layout says, or where the IDX says.
 * @throws {InvalidImageError} as `Objects.read`.
 */
export function readCommit(
  { id, objects, index }: OpenedObjects,
  section: LayoutSection | undefined,
): Uint8Array {
  const commit = raw(id);
  index.expect(commit, section?.details.commitOffset);
  try {
    return objects.read(commit, "commit");
  } catch (error) {
    if (!index.hasMisled(error)) throw error;
    return objects.read(commit, "commit");
  }
}
