// An image with a layout, made from one without; as the tests of the reader need it.

import { ObjectLocations } from "../../image-builder/layout/object-locations.ts";
import { writeLayout } from "../../image-builder/layout/write-layout.ts";
import { memoryDevice } from "../../reader/block/memory.ts";
import { SectorCache } from "../../reader/block/sector-cache.ts";
import { parseCommit } from "../../reader/git/commit.ts";
import { raw } from "../../reader/git/object-id.ts";
import { encodeHeader, HEADER_SIZE, readHeader } from "../../reader/image/header.ts";
import { Idx } from "../../reader/pack/idx.ts";
import { Objects } from "../../reader/pack/objects.ts";
import { Pack } from "../../reader/pack/pack.ts";
import { scanPack } from "../../reader/pack/scan.ts";
import { readTree } from "../../reader/paths/trees.ts";

/** The image with a layout, and where that is: from `start` to the index offset. */
export async function withLayout(
  image: Uint8Array,
): Promise<{ readonly image: Buffer; readonly start: number; readonly indexOffset: number }> {
  const cache = new SectorCache(memoryDevice(image));
  const { commit, indexOffset } = readHeader(cache);
  const idx = new Idx(new SectorCache(memoryDevice(image)), indexOffset, indexOffset - HEADER_SIZE);
  const pack = new Pack(cache, HEADER_SIZE, indexOffset, (base) => idx.find(base));
  const objects = new Objects(idx, pack);
  const { table } = scanPack(cache, pack, HEADER_SIZE, indexOffset);
  const locations = new ObjectLocations(idx, pack, table.offsets[table.count] as number);
  const written = Buffer.alloc(image.length + 4 * 1024 ** 2);
  written.set(image.subarray(0, indexOffset));
  const layout = await writeLayout(
    {
      commit: raw(commit),
      root: raw(parseCommit(objects.read(raw(commit), "commit")).tree),
      idLength: 20,
      objects: idx.count,
      readTree: (id) => readTree(objects, id),
      locate: (id) => locations.locate(id),
    },
    {
      start: indexOffset,
      blockSize: 512,
      write: async (bytes, at) => void written.set(bytes, at),
    },
  );
  if ("why" in layout) throw new Error(layout.why);
  written.set(encodeHeader(raw(commit), layout.indexOffset));
  written.set(image.subarray(indexOffset), layout.indexOffset);
  const end = layout.indexOffset + image.length - indexOffset;
  return { image: written.subarray(0, end), start: indexOffset, indexOffset: layout.indexOffset };
}
