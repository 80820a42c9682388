import test from "ava";
import fc from "fast-check";
import { decodeHeader, encodeHeader, HEADER_SIZE, paddedTo } from "../../../reader/image/header.ts";
import { refused } from "../fault.ts";

test("what is encoded is decoded", (t) => {
  const property = fc.property(
    fc.uint8Array({ minLength: 20, maxLength: 20 }),
    fc.maxSafeNat(),
    (id, indexOffset) => {
      const bytes = encodeHeader(id, indexOffset);
      const header = decodeHeader(Buffer.concat([bytes, Buffer.of(1)]));
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
    refused(t, "header", () => decodeHeader(bytes.subarray(0, length)));
  }
  bytes.fill(0xff, 20);
  refused(t, "header", () => decodeHeader(bytes));
  t.throws(() => encodeHeader(Buffer.alloc(19), 1), { instanceOf: RangeError });
  t.throws(() => encodeHeader(Buffer.alloc(20), 1.5), { instanceOf: RangeError });
  t.throws(() => encodeHeader(Buffer.alloc(20), -1), { instanceOf: RangeError });
});

test("padding ends on a block, and is never nothing", (t) => {
  t.is(paddedTo(0, 512), 512);
  t.is(paddedTo(511, 512), 512);
  t.is(paddedTo(512, 512), 1024);
  t.is(paddedTo(513, 4096), 4096);
});
