import assert from "node:assert/strict";
import test from "ava";
import fc from "fast-check";
import { memoryDevice } from "../../../reader/block/memory.ts";
import { SectorCache } from "../../../reader/block/sector-cache.ts";
import { objectId } from "../../../reader/git/object.ts";
import type { ObjectFormat } from "../../../reader/git/object-format.ts";
import { hex } from "../../../reader/git/object-id.ts";
import { SHA1 } from "../../../reader/node-platform.ts";
import { analyzePack } from "../../../reader/pack/analyze.ts";
import { encodeIdx } from "../../../reader/pack/idx-encode.ts";
import { FreshBuffer } from "../../../reader/pack/output-buffer.ts";
import { Pack } from "../../../reader/pack/pack.ts";
import { faultOf, refused } from "../fault.ts";
import { anyFormat, FORMATS } from "../formats.ts";
import { generatedTree, writeGenerated } from "../generated-tree.ts";
import { copy, delta, insert, makePack, refDelta, whole } from "../pack-fixture.ts";
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
    anyFormat,
    (entries, shape, capacity, format) => {
      using repository = new Repository(format);
      const { pack, idx, idxPath } = repository.pack(writeGenerated(repository, entries), shape);
      const cache = new SectorCache(memoryDevice(pack), { capacity, blockSize: 512 });
      const analysis = analyzePack(cache, 0, pack.length, { format });
      assert.equal(analysis.size, pack.length);
      const told = [...analysis.entries()].map(
        ({ id, kind, size, packedSize, offset, depth }) =>
          `${hex(id)} ${kind} ${size} ${packedSize} ${offset}${depth > 0 ? ` ${depth}` : ""}`,
      );
      const truth = verifyPack(repository, idxPath);
      deltas += truth.filter((line) => line.split(" ").length > 5).length;
      assert.deepEqual(told.sort(), truth.sort());
      const reader = new Pack(cache, 0, pack.length, (id) => analysis.find(id), {
        format,
        baseCacheSize: capacity,
      });
      for (const { id, kind, size, offset, depth } of analysis.entries()) {
        const { baseSize, ...described } = reader.describe(offset);
        assert.deepEqual(described, { kind, size, depth });
        assert.equal(baseSize > 0, depth > 0);
        const header = reader.entries.header(offset);
        const base = depth > 0 ? reader.entries.baseOf(header) : undefined;
        assert.equal(analysis.baseOffsetAt(analysis.indexOf(id)!), base);
        const object = new FreshBuffer();
        reader.read(offset, object);
        assert.equal(hex(objectId(object.kind, object.bytes, format)), hex(id));
        assert.equal(hex(Buffer.from(object.id(format), "latin1")), hex(id));
      }
      assert.ok(idx.equals(encodeIdx([...analysis.entries()], analysis.trailer, format)), "the IDX is git's");
    },
  );
  // What is generated may happen to hold no deltas; this does.
  const texts = Array.from({ length: 12 }, (_, index) => ({
    path: `text-${index}`,
    mode: "100644" as const,
    content: Buffer.from(
      Array.from({ length: 300 }, (_, line) => line * (line === index ? 3 : 7)).join("\n"),
    ),
  }));
  const packed = { offsetDeltas: true, window: 10, depth: 50, compression: 6 } as const;
  const examples = FORMATS.map((format): [typeof texts, typeof packed, number, ObjectFormat] => [
    texts,
    packed,
    4 << 20,
    format,
  ]);
  const options = { numRuns: 40, endOnFailure: true, includeErrorInReport: true };
  t.notThrows(() => fc.assert(property, { ...options, examples }));
  t.true(deltas >= 22, "similar texts are packed as deltas");
});

test("a circle is broken by one of its objects that lies in the PACK undeltified, too", (t) => {
  const [a, b] = [Buffer.from("content a"), Buffer.from("content b")];
  const idOf = (content: Buffer) => whole("blob", content).id;
  const onA = refDelta(idOf(a), delta(9, 9, copy(0, 8), insert("b")), b);
  const onB = refDelta(idOf(b), delta(9, 9, copy(0, 8), insert("a")), a);
  for (const entries of [
    [onA, onB, whole("blob", a)],
    [whole("blob", b), onA, onB],
  ]) {
    const { pack } = makePack(entries);
    const analysis = analyzePack(new SectorCache(memoryDevice(pack)), 0, pack.length, { format: SHA1 });
    const ids = [...analysis.entries()].map(({ id }) => hex(id));
    t.deepEqual(ids.sort(), entries.map(({ id }) => id).sort());
  }
});

test("two entries of one object are both in the analysis", (t) => {
  const { pack, idx } = makePack([whole("blob", "twice"), whole("blob", "other"), whole("blob", "twice")]);
  const analysis = analyzePack(new SectorCache(memoryDevice(pack)), 0, pack.length, { format: SHA1 });
  t.is(analysis.count, 3);
  t.true(idx.equals(encodeIdx([...analysis.entries()], analysis.trailer, SHA1)));
});

test("a PACK that says something wrong of itself is refused", (t) => {
  const { pack } = makePack([whole("blob", "one"), whole("blob", "two")]);
  const change = (at: number, byte: number) => {
    const changed = Buffer.from(pack);
    changed[at] = byte;
    return changed;
  };
  const cases: [Buffer, string][] = [
    [change(0, 0x51), "pack-header"],
    [change(7, 3), "pack-header"],
    [change(8, 1), "pack-header"],
    [change(11, 1), "pack-trailer"],
    [change(11, 3), "pack-entry"],
    [change(pack.length - 1, 0), "pack-trailer"],
    [pack.subarray(0, -1), "pack-trailer"],
    [pack.subarray(0, 31), "pack-header"],
  ];
  cases.forEach(([bytes, fault], i) => {
    const analyze = () =>
      analyzePack(new SectorCache(memoryDevice(bytes)), 0, bytes.length, { format: SHA1 });
    if (i === 4) t.regex(faultOf(analyze), /^pack-(entry|inflate)$/);
    else refused(t, fault, analyze, `case ${i}`);
  });
});

test("progress is reported, never backwards, to the end", (t) => {
  const { pack } = makePack(Array.from({ length: 700 }, (_, i) => whole("blob", `${i}`)));
  const told: number[] = [];
  analyzePack(new SectorCache(memoryDevice(pack)), 0, pack.length, {
    format: SHA1,
    onProgress: (done, total) => {
      t.is(total, 1400);
      told.push(done);
    },
  });
  t.deepEqual(
    told,
    [...told].sort((a, b) => a - b),
  );
  t.is(told.at(-1), 1400);
});

/**
 * Lines of `id kind size packed-size offset [depth]`. Of a delta verify-pack gives the delta's size, not the
 * object's.
 */
function verifyPack(repository: Repository, idxPath: string): string[] {
  const lines = repository.git(["verify-pack", "-v", idxPath]).toString().split("\n");
  const entries = lines.filter((line) => /^[0-9a-f]{40,64} /.test(line)).map((line) => line.split(/ +/));
  const ids = entries.map(([id]) => id).join("\n");
  const sizes = repository.git(["cat-file", "--batch-check=%(objectsize)"], ids).toString().split("\n");
  return entries.map(([id, kind, , packedSize, offset, depth], i) =>
    [id, kind, sizes[i], packedSize, offset, ...(depth ? [depth] : [])].join(" "),
  );
}
