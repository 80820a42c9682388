import test from "ava";
import fc from "fast-check";
import { claiming, cutAt, faultIn, flipped, indexedAt, SMALL, smallImage } from "./damage.ts";

interface Case {
  readonly what: string;
  readonly image: Buffer;
  readonly fault: string;
  /** Where the fault is said to lie. */
  readonly at: number | undefined;
}

const { packEnd, index, count, ids, crcs, offsets, trailer, indexEnd } = SMALL;

const CASES: readonly Case[] = [
  { what: "empty", image: cutAt(0), fault: "header", at: 0 },
  { what: "cut in the header", image: cutAt(20), fault: "header", at: 0 },
  { what: "another commit id", image: flipped(0), fault: "object-missing", at: 0 },
  { what: "index offset off by one", image: flipped(20), fault: "header", at: 20 },
  { what: "index offset beyond the end", image: flipped(27), fault: "header", at: 20 },
  { what: "index offset in the PACK", image: indexedAt(512), fault: "pack-inflate", at: undefined },
  { what: "index offset a block later", image: indexedAt(index + 512), fault: "idx-header", at: index + 512 },
  { what: "cut in the last block", image: cutAt(8192 - 100), fault: "header", at: 20 },
  { what: "cut in the IDX", image: cutAt(index + 512), fault: "idx-header", at: index },
  { what: "no PACK", image: flipped(28), fault: "pack-header", at: 28 },
  { what: "another PACK version", image: flipped(35), fault: "pack-header", at: 28 },
  { what: "absurdly many objects", image: claiming(2 ** 32 - 1), fault: "pack-header", at: 28 },
  { what: "one object too many", image: claiming(count + 1), fault: "pack-entry", at: undefined },
  { what: "one object too few", image: claiming(count - 1), fault: "pack-trailer", at: undefined },
  { what: "an unknown type", image: flipped(40, 0x40), fault: "pack-entry", at: 40 },
  { what: "another size", image: flipped(40, 0x01), fault: "pack-inflate", at: 40 },
  { what: "a bit of the first object", image: flipped(60), fault: "pack-inflate", at: 40 },
  { what: "PACK trailer", image: flipped(packEnd - 1), fault: "pack-trailer", at: packEnd - 20 },
  { what: "IDX signature", image: flipped(index), fault: "idx-header", at: index },
  { what: "IDX version", image: flipped(index + 7), fault: "idx-header", at: index + 7 },
  { what: "fan-out", image: flipped(index + 8 + 71), fault: "idx-header", at: index + 8 + 71 },
  { what: "an id", image: flipped(ids + 65), fault: "idx-mismatch", at: ids + 65 },
  { what: "a CRC-32", image: flipped(crcs + 12), fault: "idx-mismatch", at: crcs + 12 },
  { what: "an offset", image: flipped(offsets + 15), fault: "idx-mismatch", at: offsets + 15 },
  { what: "the PACK's checksum in the IDX", image: flipped(trailer), fault: "idx-trailer", at: trailer },
  { what: "the IDX's checksum", image: flipped(indexEnd - 1), fault: "idx-trailer", at: indexEnd - 1 },
];

test("each kind of damage is told as its own fault, at its place", (t) => {
  for (const { what, image, fault, at } of CASES) {
    const found = faultIn(image);
    t.is(found.fault, fault, what);
    if (at !== undefined) t.is(found.offset, at, what);
  }
});

test("a fault in the IDX names the object", (t) => {
  const object = smallImage().toString("hex", ids + 20 * 7, ids + 20 * 8);
  for (const offset of [ids + 20 * 7 + 1, crcs + 4 * 7, offsets + 4 * 7 + 3]) {
    t.deepEqual(faultIn(flipped(offset)), { fault: "idx-mismatch", offset, object });
  }
});

test("no bit of header, PACK and IDX can change unnoticed", (t) => {
  const place = fc.oneof(fc.nat(packEnd - 1), fc.integer({ min: index, max: indexEnd - 1 }));
  fc.assert(
    fc.property(place, fc.nat(7), (at, bit) => faultIn(flipped(at, 1 << bit)).fault !== "none"),
    { numRuns: 400 },
  );
  t.is(faultIn(smallImage()).fault, "none");
});

test("whatever stands at a place, it is a fault or none, never another error", (t) => {
  const patch = fc.record({ at: fc.nat(8000), bytes: fc.uint8Array({ minLength: 1, maxLength: 64 }) });
  fc.assert(
    fc.property(fc.array(patch, { minLength: 1, maxLength: 4 }), (patches) => {
      const image = smallImage();
      for (const { at, bytes } of patches) image.set(bytes, at);
      t.truthy(faultIn(image).fault);
    }),
    { numRuns: 400 },
  );
});

test("the zeroes between the parts mean nothing", (t) => {
  for (const at of [packEnd, index - 1, indexEnd, 8191]) t.is(faultIn(flipped(at)).fault, "none");
});

test("sections between PACK and IDX, and blocks after the IDX, are let be", (t) => {
  const image = smallImage();
  const sections = Buffer.alloc(1024, "our own");
  const longer = Buffer.concat([image.subarray(0, index), sections, image.subarray(index), sections]);
  longer.writeBigUInt64LE(BigInt(index + sections.length), 20);
  t.is(faultIn(longer).fault, "none");
});
