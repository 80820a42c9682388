import { readFileSync } from "node:fs";
import { basename } from "node:path";
import test from "ava";
import fc from "fast-check";
import type { Fault } from "../../../reader/errors.ts";
import {
  claiming,
  cutAt,
  faultIn,
  flipped,
  indexedAt,
  type Offsets,
  SMALL,
  SMALL_SHA256,
  smallImage,
} from "./damage.ts";

interface Case {
  readonly what: string;
  readonly image: Buffer;
  readonly fault: Fault;
  /** The offset that the error names. */
  readonly at: number;
}

const { packEnd, lastEntry, index, count, ids, crcs, offsets, trailer, indexEnd } = SMALL;

const CASES: readonly Case[] = [
  { what: "empty", image: cutAt(0), fault: "header", at: 0 },
  { what: "cut in the header", image: cutAt(20), fault: "header", at: 0 },
  { what: "another commit id", image: flipped(0), fault: "object-missing", at: 0 },
  { what: "index offset off by one", image: flipped(20), fault: "header", at: 20 },
  { what: "index offset beyond the end", image: flipped(27), fault: "header", at: 20 },
  { what: "index offset in the PACK", image: indexedAt(512), fault: "pack-inflate", at: 354 },
  { what: "index offset a block later", image: indexedAt(index + 512), fault: "idx-header", at: index + 512 },
  { what: "cut in the last block", image: cutAt(8192 - 100), fault: "header", at: 20 },
  { what: "cut in the IDX", image: cutAt(index + 512), fault: "idx-header", at: index },
  { what: "no PACK", image: flipped(28), fault: "pack-header", at: 28 },
  { what: "another PACK version", image: flipped(35), fault: "pack-header", at: 28 },
  { what: "absurdly many objects", image: claiming(2 ** 32 - 1), fault: "pack-header", at: 28 },
  { what: "one object too many", image: claiming(count + 1), fault: "pack-entry", at: packEnd - 20 },
  { what: "one object too few", image: claiming(count - 1), fault: "pack-trailer", at: lastEntry },
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

test("each kind of damage has a fault and an offset of its own", (t) => {
  for (const { what, image, fault, at } of CASES) {
    const found = faultIn(image);
    t.is(found.fault, fault, what);
    t.is(found.offset, at, what);
  }
});

test("a fault in the IDX names the object", (t) => {
  const object = smallImage().toString("hex", ids + 20 * 7, ids + 20 * 8);
  for (const offset of [ids + 20 * 7 + 1, crcs + 4 * 7, offsets + 4 * 7 + 3]) {
    t.deepEqual(faultIn(flipped(offset)), { fault: "idx-mismatch", offset, object });
  }
});

/**
 * A range of bytes, and the faults that one flipped bit in it may show as; `at` is the offset that the error
 * names.
 */
interface Region {
  readonly what: string;
  readonly start: number;
  readonly end: number;
  readonly faults: readonly Fault[];
  readonly at?: (flipped: number) => number;
}

const same = (flippedAt: number) => flippedAt;

function regionsOf(image: Offsets): readonly Region[] {
  const { idLength, packStart, packEnd, index, ids, trailer, indexEnd } = image;
  const trailerAt = packEnd - idLength;
  return [
    { what: "commit id", start: 0, end: idLength, faults: ["object-missing"], at: () => 0 },
    // Elsewhere the PACK may end too soon, or no IDX may begin.
    {
      what: "index offset",
      start: idLength,
      end: packStart,
      faults: ["header", "idx-header", "pack-inflate"],
    },
    {
      what: "PACK signature",
      start: packStart,
      end: packStart + 8,
      faults: ["pack-header"],
      at: () => packStart,
    },
    // More objects than the PACK can have, than the IDX has space for, than it has; or fewer.
    {
      what: "object count",
      start: packStart + 8,
      end: packStart + 12,
      faults: ["pack-header", "idx-header", "pack-entry", "pack-trailer"],
    },
    {
      what: "entries",
      start: packStart + 12,
      end: trailerAt,
      // A blob that became a tree or a commit inflates as before, a base that is another is noticed by the sum.
      faults: ["pack-entry", "pack-inflate", "pack-trailer"],
    },
    { what: "PACK trailer", start: trailerAt, end: packEnd, faults: ["pack-trailer"], at: () => trailerAt },
    { what: "IDX header", start: index, end: ids, faults: ["idx-header"], at: same },
    { what: "IDX tables", start: ids, end: trailer, faults: ["idx-mismatch"], at: same },
    { what: "IDX trailer", start: trailer, end: indexEnd, faults: ["idx-trailer"], at: same },
  ];
}

for (const image of [SMALL, SMALL_SHA256]) {
  const bytes = readFileSync(image.file);
  for (const { what, start, end, faults, at } of regionsOf(image)) {
    test(`${basename(image.file)}: a flipped bit in the ${what} is found as ${faults.join(" or ")}`, (t) => {
      fc.assert(
        fc.property(fc.integer({ min: start, max: end - 1 }), fc.nat(7), (offset, bit) => {
          const damaged = Buffer.from(bytes);
          damaged[offset]! ^= 1 << bit;
          const found = faultIn(damaged);
          t.true((faults as readonly string[]).includes(found.fault), `${offset}.${bit}: ${found.fault}`);
          if (at !== undefined) t.is(found.offset, at(offset));
        }),
        { numRuns: 40 },
      );
    });
  }
}

test("an undamaged image has no fault", (t) => t.is(faultIn(smallImage()).fault, "none"));

/** What damage to the PACK and the IDX may show as; the header that precedes them is not damaged. */
const PACK_AND_IDX_FAULTS: readonly (Fault | "none")[] = [
  ...(["pack-header", "pack-entry", "pack-inflate", "pack-delta", "pack-base", "pack-trailer"] as const),
  ...(["idx-header", "idx-mismatch", "idx-trailer"] as const),
];

for (const { file, packStart, packEnd, index, indexEnd } of [SMALL, SMALL_SHA256]) {
  const bytes = readFileSync(file);

  test(`${basename(file)}: overwritten pieces of PACK and IDX are found, those of the padding mean nothing`, (t) => {
    const patch = fc.record({
      at: fc.integer({ min: packStart, max: bytes.length - 200 }),
      bytes: fc.uint8Array({ minLength: 1, maxLength: 64 }),
    });
    fc.assert(
      fc.property(fc.array(patch, { minLength: 1, maxLength: 4 }), (patches) => {
        const image = Buffer.from(bytes);
        for (const { at, bytes } of patches) image.set(bytes, at);
        const isUnchanged = [
          [packStart, packEnd],
          [index, indexEnd],
        ].every(([start, end]) => image.subarray(start, end).equals(bytes.subarray(start, end)));
        const { fault } = faultIn(image);
        t.true((isUnchanged ? ["none"] : PACK_AND_IDX_FAULTS).includes(fault as Fault), fault);
      }),
      { numRuns: 250 },
    );
  });
}

test("the padding after the PACK and after the IDX may hold anything", (t) => {
  for (const at of [packEnd, index - 1, indexEnd, 8191]) t.is(faultIn(flipped(at)).fault, "none");
});

test("sections between PACK and IDX, and blocks after the IDX, may hold anything", (t) => {
  const image = smallImage();
  const sections = Buffer.alloc(1024, "our own");
  const longer = Buffer.concat([image.subarray(0, index), sections, image.subarray(index), sections]);
  longer.writeBigUInt64LE(BigInt(index + sections.length), 20);
  t.is(faultIn(longer).fault, "none");
});
