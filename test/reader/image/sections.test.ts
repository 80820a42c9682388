import { crc32 } from "node:zlib";
import test from "ava";
import fc from "fast-check";
import { memoryDevice } from "../../../reader/block/memory.ts";
import { SectorCache } from "../../../reader/block/sector-cache.ts";
import { encodeFooter, FOOTER_SIZE, readSections, type Section } from "../../../reader/image/sections.ts";

const INDEX_OFFSET = 64 * 1024;
const HEADER = { packStart: 28, indexOffset: INDEX_OFFSET };

/** An image of zeroes but for the footer. */
function imageWith(footer: Uint8Array): SectorCache {
  const image = Buffer.alloc(2 * INDEX_OFFSET);
  image.set(footer, INDEX_OFFSET - FOOTER_SIZE);
  return new SectorCache(memoryDevice(image));
}

const section: fc.Arbitrary<Section> = fc.record({
  type: fc.stringMatching(/^[A-Z]{4}$/),
  version: fc.nat(65_535),
  offset: fc.integer({ min: 28, max: 30_000 }),
  length: fc.nat(INDEX_OFFSET - FOOTER_SIZE - 30_000),
  details: fc.uint8Array({ maxLength: 60 }),
});

test("what a footer tells is what was written", (t) => {
  const property = fc.property(fc.array(section, { maxLength: 4 }), (sections) => {
    const read = readSections(imageWith(encodeFooter(sections)), HEADER);
    t.deepEqual(
      read?.map((each) => ({ ...each, details: Buffer.from(each.details) })),
      sections.map((each) => ({ ...each, details: Buffer.from(each.details) })),
    );
  });
  t.notThrows(() => fc.assert(property));
});

test("without a footer there are no sections, and one of a later version is not known", (t) => {
  t.deepEqual(readSections(imageWith(Buffer.alloc(FOOTER_SIZE)), HEADER), []);
  for (const packStart of [28, 40]) {
    t.deepEqual(readSections(imageWith(encodeFooter([])), { packStart, indexOffset: packStart + 12 }), []);
  }
  const later = Buffer.from(encodeFooter([]));
  later.writeUInt16BE(2, 8);
  t.deepEqual(readSections(imageWith(later), HEADER), []);
});

test("a footer with a bit that differs is damaged", (t) => {
  const footer = encodeFooter([
    { type: "PATH", version: 1, offset: 4096, length: 512, details: Buffer.from("x") },
  ]);
  for (let at = 10; at < FOOTER_SIZE; at++) {
    const damaged = Buffer.from(footer);
    damaged[at] = (damaged[at] as number) ^ 4;
    t.is(readSections(imageWith(damaged), HEADER), undefined, `byte ${at}`);
  }
});

test("a footer of any content with the right checksum tells of sections between PACK and footer, or none", (t) => {
  const any = fc.property(fc.uint8Array({ minLength: 498, maxLength: 498 }), fc.nat(9), (bytes, count) => {
    const footer = Buffer.from(encodeFooter([]));
    footer.set(bytes, 10);
    footer.writeUInt16BE(count, 10);
    // Offsets that may be within the image.
    for (let at = 12; at < 480; at += 8) if ((bytes[at] ?? 0) % 3 > 0) footer.fill(0, at, at + 6);
    footer.writeUInt32BE(crc32(footer.subarray(0, -4)), FOOTER_SIZE - 4);
    for (const { offset, length } of readSections(imageWith(footer), HEADER) ?? []) {
      t.true(offset >= 28 && offset + length <= INDEX_OFFSET - FOOTER_SIZE);
    }
  });
  t.notThrows(() => fc.assert(any, { numRuns: 1000 }));
});

test("a footer with a section that begins in the header is damaged", (t) => {
  const at = (offset: number) =>
    encodeFooter([{ type: "PATH", version: 1, offset, length: 512, details: Buffer.of() }]);
  for (const packStart of [28, 40]) {
    const header = { packStart, indexOffset: INDEX_OFFSET };
    t.is(readSections(imageWith(at(packStart)), header)?.length, 1);
    t.is(readSections(imageWith(at(packStart - 1)), header), undefined);
  }
});

test("more than a footer holds is refused", (t) => {
  const large = { type: "PATH", version: 1, offset: 28, length: 1, details: new Uint8Array(240) };
  t.notThrows(() => encodeFooter([large]));
  t.throws(() => encodeFooter([large, large]), { instanceOf: RangeError });
});
