import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { deflateSync } from "node:zlib";
import test from "ava";
import fc from "fast-check";
import { DocteurError } from "../../../reader/errors.ts";
import { type ObjectKind, objectId } from "../../../reader/git/object.ts";
import { hex } from "../../../reader/git/object-id.ts";
import { SHA1 } from "../../../reader/node-platform.ts";
import {
  decodeEntryHeader,
  decodePackHeader,
  encodeEntryHeader,
  encodePackHeader,
  maxEntryHeader,
} from "../../../reader/pack/format.ts";
import { refused } from "../fault.ts";
import { anyFormat, anyId, FORMATS } from "../formats.ts";
import { copy, delta, entryHeader, insert, ofsDistance } from "../pack-fixture.ts";
import { Repository } from "../repository.ts";

const KINDS = [undefined, "commit", "tree", "blob", "tag"] as const;
const size = fc.oneof(fc.nat(5000), fc.maxSafeNat());
const rest = fc.uint8Array({ maxLength: 32 });

test("undeltified objects: type and size up to 2^53", (t) => {
  const property = fc.property(fc.integer({ min: 1, max: 4 }), size, rest, (type, size, rest) => {
    const written = entryHeader(type, size);
    const header = decodeEntryHeader(Buffer.concat([written, rest]), 12, 28, SHA1);
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
    const header = decodeEntryHeader(Buffer.concat([written, rest]), offset, 28, SHA1);
    return (
      header.baseOffset === 12 + before &&
      header.dataOffset === offset + written.length &&
      header.size === size
    );
  });
  t.notThrows(() => fc.assert(property));
});

/** A format, and a raw id of it. */
const formatAndId = anyFormat.chain((format) => fc.tuple(fc.constant(format), anyId(format)));

test("REF_DELTA: the base's id, in memory of its own", (t) => {
  const property = fc.property(size, formatAndId, rest, (size, [format, id], rest) => {
    const written = Buffer.concat([entryHeader(7, size), id]);
    const bytes = Buffer.concat([written, rest]);
    const header = decodeEntryHeader(bytes, 12, 28, format);
    bytes.fill(0);
    return (
      Buffer.compare(header.baseId as Uint8Array, id) === 0 &&
      header.size === size &&
      header.dataOffset === 12 + written.length
    );
  });
  t.notThrows(() => fc.assert(property));
});

/** Headers of every kind of entry, as they lie at an offset of the PACK. */
const offset = fc.integer({ min: 13, max: 2 ** 52 });
const header = fc.record({ size, offset, format: anyFormat }).chain(({ size, offset, format }) => {
  const made = fc.oneof(
    fc.constantFrom<ObjectKind>("commit", "tree", "blob", "tag").map((kind) => ({ size, offset, kind })),
    fc.integer({ min: 12, max: offset - 1 }).map((baseOffset) => ({ size, offset, baseOffset })),
    anyId(format).map((baseId) => ({ size, offset, baseId })),
  );
  return fc.tuple(made, fc.constant(format));
});

test("the header of an entry that is encoded is decoded, and as long as git makes it", (t) => {
  const property = fc.property(header, rest, ([header, format], rest) => {
    const written = encodeEntryHeader(header);
    const decoded = decodeEntryHeader(Buffer.concat([written, rest]), header.offset, 28, format);
    assert.deepEqual(
      { ...decoded },
      {
        kind: undefined,
        baseOffset: undefined,
        baseId: undefined,
        ...header,
        dataOffset: header.offset + written.length,
      },
    );
    const reference =
      "kind" in header
        ? entryHeader(KINDS.indexOf(header.kind), header.size)
        : "baseId" in header
          ? Buffer.concat([entryHeader(7, header.size), header.baseId])
          : Buffer.concat([entryHeader(6, header.size), ofsDistance(header.offset - header.baseOffset)]);
    assert.ok(reference.equals(written));
    assert.ok(written.length <= maxEntryHeader(format));
  });
  t.notThrows(() => fc.assert(property, { numRuns: 1000, includeErrorInReport: true }));
});

test("the header of a PACK that is encoded is decoded", (t) => {
  const property = fc.property(fc.nat(0xffffffff), (count) => {
    return decodePackHeader(Buffer.concat([encodePackHeader(count), Buffer.of(1)]), 0) === count;
  });
  t.notThrows(() => fc.assert(property));
  t.is(Buffer.from(encodePackHeader(258)).toString("latin1"), "PACK\0\0\0\x02\0\0\x01\x02");
});

test("another signature or version of a PACK is refused, with the byte where it is", (t) => {
  for (const [at, value, message] of [
    [0, 0x4b434150, /no PACK after the header \(at byte 28\)/],
    [4, 1, /version 1, not 2/],
    [4, 3, /version 3, not 2/],
  ] as const) {
    const bytes = Buffer.from(encodePackHeader(7));
    bytes.writeUInt32BE(value, at);
    refused(t, "pack-header", () => decodePackHeader(bytes, 28));
    t.throws(() => decodePackHeader(bytes, 28), { message });
  }
});

for (const format of FORMATS) {
  test(`${format.name}: git makes the PACK of the headers that are encoded`, (t) => {
    using repository = new Repository(format);
    const content = Buffer.from("the base of a delta\n".repeat(20));
    const blob = Buffer.concat([
      encodeEntryHeader({ kind: "blob", size: content.length }),
      deflateSync(content),
    ]);
    const made = delta(content.length, content.length + 1, copy(0, content.length), insert("x"));
    const target = Buffer.concat([content, Buffer.from("x")]);
    for (const base of [
      { offset: 12 + blob.length, baseOffset: 12 },
      { baseId: objectId("blob", content, format) },
    ]) {
      const entry = Buffer.concat([encodeEntryHeader({ size: made.length, ...base }), deflateSync(made)]);
      const body = Buffer.concat([encodePackHeader(2), blob, entry]);
      const pack = Buffer.concat([body, createHash(format.name).update(body).digest()]);
      repository.git(["unpack-objects", "-q"], pack);
      const id = hex(objectId("blob", target, format));
      t.deepEqual(repository.contents([id]).get(id), target);
    }
  });
}

test("sizes from 2^53 on are refused", (t) => {
  for (const size of [2 ** 53, 2 ** 60])
    refused(t, "pack-entry", () => decodeEntryHeader(entryHeader(3, size), 12, 28, SHA1));
  refused(t, "pack-entry", () => decodeEntryHeader(Buffer.alloc(30, 0xff), 12, 28, SHA1));
});

test("types that git does not know are refused", (t) => {
  for (const type of [0, 5])
    refused(t, "pack-entry", () => decodeEntryHeader(entryHeader(type, 1), 12, 28, SHA1));
});

test("a base at or behind the delta, or before the first entry, is refused", (t) => {
  for (const distance of [0, 89, 100, 2 ** 40]) {
    const bytes = Buffer.concat([entryHeader(6, 1), ofsDistance(distance)]);
    refused(t, "pack-entry", () => decodeEntryHeader(bytes, 100, 28, SHA1), String(distance));
  }
  const endless = Buffer.concat([entryHeader(6, 1), Buffer.alloc(25, 0xff)]);
  refused(t, "pack-entry", () => decodeEntryHeader(endless, 100, 28, SHA1));
});

for (const format of FORMATS) {
  test(`${format.name}: every cut of a header is refused`, (t) => {
    const headers = [
      entryHeader(3, 2 ** 40),
      Buffer.concat([entryHeader(6, 5000), ofsDistance(300_000)]),
      Buffer.concat([entryHeader(7, 5000), Buffer.alloc(format.idLength, 1)]),
    ];
    for (const header of headers) {
      t.notThrows(() => decodeEntryHeader(header, 400_000, 28, format));
      for (let length = 0; length < header.length; length++) {
        refused(t, "pack-entry", () => decodeEntryHeader(header.subarray(0, length), 400_000, 28, format));
      }
    }
  });
}

test("any bytes are a header or refused", (t) => {
  const property = fc.property(
    fc.uint8Array({ maxLength: 50 }),
    fc.integer({ min: 12, max: 2 ** 45 }),
    anyFormat,
    (bytes, offset, format) => {
      try {
        const { size, dataOffset, baseOffset = 12 } = decodeEntryHeader(bytes, offset, 28, format);
        return size >= 0 && dataOffset <= offset + bytes.length && baseOffset >= 12 && baseOffset <= offset;
      } catch (error) {
        return error instanceof DocteurError;
      }
    },
  );
  t.notThrows(() => fc.assert(property, { numRuns: 3000 }));
});

test("faults name the byte in the image", (t) => {
  t.throws(() => decodeEntryHeader(entryHeader(0, 1), 100, 28, SHA1), { message: /at byte 128/ });
});
