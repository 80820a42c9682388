import assert from "node:assert/strict";
import test from "ava";
import fc from "fast-check";
import { memoryDevice } from "../../../guest/block/memory.ts";
import { SectorCache } from "../../../guest/block/sector-cache.ts";
import { hex } from "../../../guest/git/object-id.ts";
import { analyzePack } from "../../../guest/pack/analyze.ts";
import { encodeIdx } from "../../../guest/pack/idx-encode.ts";
import { generatedTree, writeGenerated } from "../generated-tree.ts";
import { Repository } from "../repository.ts";

const shape = fc.record({
  offsetDeltas: fc.boolean(),
  window: fc.constantFrom(0, 10, 250),
  depth: fc.constantFrom(0, 1, 50, 250),
  compression: fc.integer({ min: 0, max: 9 }),
});

test("an analysis says what git verify-pack says, and implies git's IDX", (t) => {
  let deltas = 0;
  const property = fc.property(
    generatedTree,
    shape,
    fc.constantFrom(0, 4 << 20),
    (entries, shape, capacity) => {
      using repository = new Repository();
      const { pack, idx, idxPath } = repository.pack(writeGenerated(repository, entries), shape);
      const cache = new SectorCache(memoryDevice(pack), { capacity, blockSize: 512 });
      const analysis = analyzePack(cache, 0, pack.length);
      assert.equal(analysis.size, pack.length);
      const told = [...analysis.entries()].map(
        ({ id, kind, size, packedSize, offset, depth }) =>
          `${hex(id)} ${kind} ${size} ${packedSize} ${offset}${depth > 0 ? ` ${depth}` : ""}`,
      );
      const truth = verifyPack(repository, idxPath);
      deltas += truth.filter((line) => line.split(" ").length > 5).length;
      assert.deepEqual(told.sort(), truth.sort());
      assert.ok(idx.equals(encodeIdx([...analysis.entries()], analysis.trailer)), "the IDX is git's");
    },
  );
  t.notThrows(() => fc.assert(property, { numRuns: 40, endOnFailure: true, includeErrorInReport: true }));
  t.true(deltas > 50, "the generated repositories hold deltas");
});

/** Lines of `id kind size packed-size offset [depth]`. Of a delta verify-pack gives the delta's size, not the object's. */
function verifyPack(repository: Repository, idxPath: string): string[] {
  const lines = repository.git(["verify-pack", "-v", idxPath]).toString().split("\n");
  const entries = lines.filter((line) => /^[0-9a-f]{40} /.test(line)).map((line) => line.split(/ +/));
  const ids = entries.map(([id]) => id).join("\n");
  const sizes = repository.git(["cat-file", "--batch-check=%(objectsize)"], ids).toString().split("\n");
  return entries.map(([id, kind, , packedSize, offset, depth], i) =>
    [id, kind, sizes[i], packedSize, offset, ...(depth ? [depth] : [])].join(" "),
  );
}
