// An image with a layout, made from one without; as the tests of the reader need it.

import { layoutPieces } from "../../image-builder/layout/layout-pieces.ts";
import { ObjectLocations } from "../../image-builder/layout/object-locations.ts";
import { memoryDevice } from "../../reader/block/memory.ts";
import { SectorCache } from "../../reader/block/sector-cache.ts";
import { parseCommit } from "../../reader/git/commit.ts";
import { raw } from "../../reader/git/object-id.ts";
import { encodeHeader, readHeader } from "../../reader/image/header.ts";
import { NODE_FORMATS } from "../../reader/node-platform.ts";
import { Idx } from "../../reader/pack/idx.ts";
import { Objects } from "../../reader/pack/objects.ts";
import { Pack } from "../../reader/pack/pack.ts";
import { scanPack } from "../../reader/pack/scan.ts";
import { readTree } from "../../reader/paths/trees.ts";

/** The image with a layout, and where that is: from `start` to the index offset. */
export function withLayout(image: Uint8Array): {
  readonly image: Buffer;
  readonly start: number;
  readonly indexOffset: number;
} {
  const cache = new SectorCache(memoryDevice(image));
  const { hash, commit, packStart, indexOffset } = readHeader(cache);
  const format = NODE_FORMATS[hash];
  const idx = new Idx(new SectorCache(memoryDevice(image)), indexOffset, indexOffset - packStart, format);
  const pack = new Pack(cache, packStart, indexOffset, (base) => idx.find(base), { format });
  const objects = new Objects(idx, pack);
  const { table } = scanPack(cache, pack, packStart, indexOffset);
  const locations = new ObjectLocations(idx, pack, table.offsets[table.count] as number);
  const written = Buffer.alloc(image.length + 4 * 1024 ** 2);
  written.set(image.subarray(0, indexOffset));
  const source = {
    commit: raw(commit),
    root: raw(parseCommit(objects.read(raw(commit), "commit")).tree),
    idLength: format.idLength,
    objects: idx.count,
    readTree: (id: Uint8Array) => readTree(objects, id),
    locate: (id: Uint8Array) => locations.locate(id),
  };
  const pieces = layoutPieces(source, { start: indexOffset, blockSize: 512 });
  let next = pieces.next();
  for (; next.done !== true; next = pieces.next())
    if (next.value) written.set(next.value.bytes, next.value.at);
  const layout = next.value;
  if ("why" in layout) throw new Error(layout.why);
  written.set(encodeHeader(raw(commit), layout.indexOffset));
  written.set(image.subarray(indexOffset), layout.indexOffset);
  const end = layout.indexOffset + image.length - indexOffset;
  return { image: written.subarray(0, end), start: indexOffset, indexOffset: layout.indexOffset };
}
