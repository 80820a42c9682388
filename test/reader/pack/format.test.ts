import test from "ava";
import fc from "fast-check";
import { DocteurError } from "../../../reader/errors.ts";
import { decodeEntryHeader } from "../../../reader/pack/format.ts";
import { refused } from "../fault.ts";
import { entryHeader, ofsDistance } from "../pack-fixture.ts";

const KINDS = [undefined, "commit", "tree", "blob", "tag"] as const;
const size = fc.oneof(fc.nat(5000), fc.maxSafeNat());
const rest = fc.uint8Array({ maxLength: 20 });

test("whole objects: type and size up to 2^53", (t) => {
  const property = fc.property(fc.integer({ min: 1, max: 4 }), size, rest, (type, size, rest) => {
    const written = entryHeader(type, size);
    const header = decodeEntryHeader(Buffer.concat([written, rest]), 12, 28);
    return (
      header.kind === KINDS[type] &&
      header.size === size &&
      header.dataOffset === 12 + written.length &&
      header.baseOffset === undefined &&
      header.baseId === undefined
    );
  });
  t.notThrows(() => fc.assert(property));
});

test("OFS_DELTA: any distance within the PACK", (t) => {
  const distance = fc.oneof(fc.integer({ min: 1, max: 40_000 }), fc.integer({ min: 1, max: 2 ** 52 }));
  const property = fc.property(size, distance, fc.nat(1000), rest, (size, distance, before, rest) => {
    const written = Buffer.concat([entryHeader(6, size), ofsDistance(distance)]);
    const offset = 12 + before + distance;
    const header = decodeEntryHeader(Buffer.concat([written, rest]), offset, 28);
    return (
      header.baseOffset === 12 + before &&
      header.dataOffset === offset + written.length &&
      header.size === size
    );
  });
  t.notThrows(() => fc.assert(property));
});

test("REF_DELTA: the base's id, in memory of its own", (t) => {
  const property = fc.property(size, fc.uint8Array({ minLength: 20, maxLength: 20 }), (size, id) => {
    const bytes = Buffer.concat([entryHeader(7, size), id]);
    const header = decodeEntryHeader(bytes, 12, 28);
    bytes.fill(0);
    return Buffer.compare(header.baseId as Uint8Array, id) === 0 && header.size === size;
  });
  t.notThrows(() => fc.assert(property));
});

test("sizes from 2^53 on are refused", (t) => {
  for (const size of [2 ** 53, 2 ** 60])
    refused(t, "pack-entry", () => decodeEntryHeader(entryHeader(3, size), 12, 28));
  refused(t, "pack-entry", () => decodeEntryHeader(Buffer.alloc(30, 0xff), 12, 28));
});

test("types that git does not know are refused", (t) => {
  for (const type of [0, 5]) refused(t, "pack-entry", () => decodeEntryHeader(entryHeader(type, 1), 12, 28));
});

test("a base at or behind the delta, or before the first entry, is refused", (t) => {
  for (const distance of [0, 89, 100, 2 ** 40]) {
    const bytes = Buffer.concat([entryHeader(6, 1), ofsDistance(distance)]);
    refused(t, "pack-entry", () => decodeEntryHeader(bytes, 100, 28), String(distance));
  }
  const endless = Buffer.concat([entryHeader(6, 1), Buffer.alloc(25, 0xff)]);
  refused(t, "pack-entry", () => decodeEntryHeader(endless, 100, 28));
});

test("every cut of a header is refused", (t) => {
  const headers = [
    entryHeader(3, 2 ** 40),
    Buffer.concat([entryHeader(6, 5000), ofsDistance(300_000)]),
    Buffer.concat([entryHeader(7, 5000), Buffer.alloc(20, 1)]),
  ];
  for (const header of headers) {
    t.notThrows(() => decodeEntryHeader(header, 400_000, 28));
    for (let length = 0; length < header.length; length++) {
      refused(t, "pack-entry", () => decodeEntryHeader(header.subarray(0, length), 400_000, 28));
    }
  }
});

test("any bytes are a header or refused", (t) => {
  const property = fc.property(
    fc.uint8Array({ maxLength: 30 }),
    fc.integer({ min: 12, max: 2 ** 45 }),
    (bytes, offset) => {
      try {
        const { size, dataOffset, baseOffset = 12 } = decodeEntryHeader(bytes, offset, 28);
        return size >= 0 && dataOffset <= offset + bytes.length && baseOffset >= 12 && baseOffset <= offset;
      } catch (error) {
        return error instanceof DocteurError;
      }
    },
  );
  t.notThrows(() => fc.assert(property, { numRuns: 3000 }));
});

test("faults name the byte in the image", (t) => {
  t.throws(() => decodeEntryHeader(entryHeader(0, 1), 100, 28), { message: /at byte 128/ });
});
