import test from "ava";
import fc from "fast-check";
import { memoryDevice } from "../../../reader/block/memory.ts";
import { SectorCache } from "../../../reader/block/sector-cache.ts";
import {
  decodeHeader,
  encodeHeader,
  HEADER_SIZE,
  paddedTo,
  readHeader,
} from "../../../reader/image/header.ts";
import { faultOf, refused } from "../fault.ts";

/** The header and the start of an empty PACK. */
const LEAST = HEADER_SIZE + 12;

test("what is encoded is decoded", (t) => {
  const property = fc.property(
    fc.uint8Array({ minLength: 20, maxLength: 20 }),
    fc.integer({ min: LEAST, max: Number.MAX_SAFE_INTEGER - 1 }),
    (id, indexOffset) => {
      const bytes = encodeHeader(id, indexOffset);
      const header = decodeHeader(Buffer.concat([bytes, Buffer.of(1)]), Number.MAX_SAFE_INTEGER);
      return (
        bytes.length === HEADER_SIZE &&
        header.commit === Buffer.from(id).toString("hex") &&
        header.indexOffset === indexOffset
      );
    },
  );
  t.notThrows(() => fc.assert(property));
});

test("the offset is little endian, behind the id", (t) => {
  const bytes = Buffer.from(encodeHeader(Buffer.alloc(20, 0xab), 0x0102030405));
  t.is(bytes.toString("hex"), `${"ab".repeat(20)}0504030201000000`);
});

test("a header that is short or points beyond any disk is refused", (t) => {
  const bytes = Buffer.from(encodeHeader(Buffer.alloc(20), 512));
  for (let length = 0; length < HEADER_SIZE; length++) {
    refused(t, "header", () => decodeHeader(bytes.subarray(0, length), 1024));
  }
  bytes.fill(0xff, 20);
  refused(t, "header", () => decodeHeader(bytes, Number.MAX_SAFE_INTEGER));
  t.throws(() => encodeHeader(Buffer.alloc(19), 1), { instanceOf: RangeError });
  t.throws(() => encodeHeader(Buffer.alloc(20), 1.5), { instanceOf: RangeError });
  t.throws(() => encodeHeader(Buffer.alloc(20), -1), { instanceOf: RangeError });
});

test("an index offset within the image and past an empty PACK is read, any other refused", (t) => {
  const sizes = fc.oneof(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 2 ** 40 }));
  const property = fc.property(sizes, sizes, (indexOffset, size) => {
    const bytes = encodeHeader(Buffer.alloc(20), indexOffset);
    const fault = faultOf(() => decodeHeader(bytes, size));
    return fault === (indexOffset >= LEAST && indexOffset < size ? "none" : "header");
  });
  t.notThrows(() => fc.assert(property, { numRuns: 1000 }));
  for (const [indexOffset, size, fault] of [
    [LEAST - 1, 4096, "header"],
    [LEAST, 4096, "none"],
    [4095, 4096, "none"],
    [4096, 4096, "header"],
  ] as const) {
    const image = Buffer.alloc(size);
    image.set(encodeHeader(Buffer.alloc(20), indexOffset));
    t.is(
      faultOf(() => decodeHeader(image, size)),
      fault,
    );
    t.is(
      faultOf(() => readHeader(new SectorCache(memoryDevice(image)))),
      fault,
    );
  }
});

test("padding ends on a block, and is never nothing", (t) => {
  t.is(paddedTo(0, 512), 512);
  t.is(paddedTo(511, 512), 512);
  t.is(paddedTo(512, 512), 1024);
  t.is(paddedTo(513, 4096), 4096);
});
