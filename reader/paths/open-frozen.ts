import { sameId } from "../git/object-id.ts";
import type { ConnectOptions, OpenedObjects } from "../image/open-objects.ts";
import { readSections } from "../image/sections.ts";
import { LayoutSection } from "../layout/layout-section.ts";
import { FallbackLayout } from "./fallback.ts";
import { FrozenLayout } from "./frozen.ts";
import type { Layout } from "./layout.ts";
import type { Trees } from "./trees.ts";

/** Bytes of blocks of the layout that are kept. */
const CAPACITY = 1024 * 1024;

/**
 * The layout that an image has in a section; another, where it has none or a damaged one.
 *
 * @param root raw id of the commit's tree.
 * @param makeOther makes the other layout.
 * @throws {InvalidImageError} fault `device`, and what `makeOther` throws.
 */
export function openFrozen(
  { id, index, format, indexOffset, indexCache }: OpenedObjects,
  trees: Trees,
  root: Uint8Array,
  { layout, commit, onNote }: ConnectOptions,
  makeOther: () => Layout,
): Layout {
  const damaged = (why: string) =>
    onNote?.(`the layout of this image is damaged, so it is read without: ${why}`);
  const sections = readSections(indexCache, indexOffset);
  if (sections === undefined) damaged("the checksum of the footer is wrong");
  const section = sections && LayoutSection.open(indexCache, sections, format, CAPACITY);
  if (section === undefined) {
    if (sections !== undefined && layout === "frozen") {
      onNote?.("this image has no layout, so it is read by its trees");
    }
    return makeOther();
  }
  const { details } = section;
  if (!sameId(details.commit, Buffer.from(id, "hex")) || !sameId(details.root, root)) {
    damaged("it is of another commit");
    return makeOther();
  }
  const expect = (id: Uint8Array, offset: number | undefined) => index.expect(id, offset);
  const frozen = new FrozenLayout(section, trees, { isProved: commit !== undefined, expect });
  return new FallbackLayout(frozen, makeOther, damaged);
}
