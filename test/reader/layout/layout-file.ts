// A layout as a section of a device in memory, as the tests of its codec need it.
import { memoryDevice } from "../../../reader/block/memory.ts";
import { SectorCache } from "../../../reader/block/sector-cache.ts";
import type { EntryType } from "../../../reader/git/tree.ts";
import { encodeDetails, type LayoutDetails } from "../../../reader/layout/details.ts";
import { LAYOUT_TYPE, LAYOUT_VERSION, type ObjectLocation } from "../../../reader/layout/format.ts";
import { LayoutSection } from "../../../reader/layout/layout-section.ts";
import { type LayoutShape, LayoutWriter } from "../../../reader/layout/layout-writer.ts";
import { SHA1 } from "../../../reader/node-platform.ts";

export interface LaidOut {
  readonly key: Buffer;
  readonly type: EntryType | "disordered";
  readonly id: Uint8Array;
  readonly location: ObjectLocation | undefined;
}

/** The bytes of a layout of entries that are in the order of their keys, and its shape. */
export function written(entries: readonly LaidOut[], format = SHA1): { bytes: Buffer; shape: LayoutShape } {
  const blocks: Uint8Array[] = [];
  const writer = new LayoutWriter(format.idLength, (block) => blocks.push(block));
  for (const { key, type, id, location } of entries) {
    if (type === "disordered") writer.addDisordered(key, key.length);
    else writer.add(key, key.length, type, id, location);
  }
  const shape = writer.finish();
  return { bytes: Buffer.concat(blocks), shape };
}

/** Opens what `written` returns. */
export function opened(
  bytes: Uint8Array,
  shape: LayoutShape,
  { capacity = 1024 ** 2, format = SHA1 } = {},
): LayoutSection {
  const cache = new SectorCache(memoryDevice(bytes));
  const details: LayoutDetails = {
    ...shape,
    commit: Buffer.alloc(format.idLength),
    root: Buffer.alloc(format.idLength),
    commitOffset: 12,
    rootOffset: 12,
  };
  const section = {
    type: LAYOUT_TYPE,
    version: LAYOUT_VERSION,
    offset: 0,
    length: bytes.length,
    details: encodeDetails(details),
  };
  return LayoutSection.open(cache, section, format, capacity) as LayoutSection;
}
