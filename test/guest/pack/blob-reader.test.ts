import assert from "node:assert/strict";
import { deflateSync } from "node:zlib";
import test from "ava";
import fc from "fast-check";
import type { Store } from "../../../guest/store/store.ts";
import { faultOf } from "../fault.ts";
import { type MadeEntry, makeImage, open, whole } from "../pack-fixture.ts";

/** Just above what is read into memory whole. */
const SIZE = 1024 * 1024 + 1;
const CONTENT = Buffer.alloc(SIZE, "All work and no play makes Jack a dull boy.\n");
const BLOB = whole("blob", CONTENT);

const readerOf = (entry: MadeEntry, options: Parameters<typeof open>[1] = {}) =>
  open(makeImage({ blob: entry }), options).open("/blob");

function readAll(reader: ReturnType<Store["open"]>): Buffer {
  const bytes = Buffer.alloc(reader.size);
  assert.equal(reader.read(0, bytes), reader.size);
  return bytes;
}

for (const inflate of ["zlib", "pako"] as const) {
  test(`reads at any places are what is there, proved or not: ${inflate}`, (t) => {
    const store = open(makeImage({ blob: BLOB }), { inflate });
    const reads = fc.array(
      fc.record({
        position: fc.nat(SIZE + 10),
        length: fc.nat(200_000),
        verify: fc.option(fc.nat(SIZE * 2), { freq: 5 }),
      }),
      { maxLength: 6 },
    );
    const property = fc.property(reads, (list) => {
      const reader = store.open("/blob");
      for (const { position, length, verify } of list) {
        if (verify !== null) assert.equal(reader.verify(verify), reader.verified);
        const into = Buffer.alloc(length);
        const read = reader.read(position, into);
        assert.ok(into.subarray(0, read).equals(CONTENT.subarray(position, position + length)));
        if (position < SIZE && position + length >= SIZE) assert.ok(reader.verified);
      }
      reader.close();
    });
    t.notThrows(() => fc.assert(property, { numRuns: 30, includeErrorInReport: true }));
  });
}

test("proving goes on from where it stands, and is done once", (t) => {
  const reader = readerOf(BLOB);
  t.false(reader.verified);
  let steps = 1;
  while (!reader.verify(100_000)) steps++;
  t.true(steps > 5 && steps < 12, `${steps} steps`);
  t.true(reader.verify(0));
});

test("a blob that is small, or a delta, is proved from the start", (t) => {
  const reader = readerOf(whole("blob", "small"));
  t.true(reader.verified);
  t.is(readAll(reader).toString(), "small");
});

const wrong = Buffer.from(CONTENT);
wrong[0] = 0x41 ^ 1;

const DAMAGED: Record<string, { entry: MadeEntry; fault: string }> = {
  "another content": { entry: { ...BLOB, data: wrong }, fault: "object-id" },
  "a stream that is too short": {
    entry: { ...BLOB, stream: deflateSync(CONTENT.subarray(1)) },
    fault: "pack-inflate",
  },
  "a stream that is too long": {
    entry: { ...BLOB, stream: deflateSync(Buffer.concat([CONTENT, Buffer.of(0)])) },
    fault: "pack-inflate",
  },
  "a stream that is cut": {
    entry: { ...BLOB, stream: deflateSync(CONTENT).subarray(0, -5) },
    fault: "pack-inflate",
  },
  "a wrong checksum": {
    entry: { ...BLOB, stream: withWrongChecksum(deflateSync(CONTENT)) },
    fault: "pack-inflate",
  },
  "no zlib stream at all": {
    entry: { ...BLOB, stream: Buffer.alloc(10_000, "no zlib stream") },
    fault: "pack-inflate",
  },
};

function withWrongChecksum(stream: Buffer): Buffer {
  const last = stream.length - 1;
  stream[last] = (stream[last] as number) ^ 1;
  return stream;
}

for (const [name, { entry, fault }] of Object.entries(DAMAGED)) {
  test(`the last byte is not given of ${name}, ever`, (t) => {
    const reader = readerOf(entry);
    t.is(
      faultOf(() => reader.read(SIZE - 1, Buffer.alloc(1))),
      fault,
    );
    t.is(
      faultOf(() => reader.read(SIZE - 1, Buffer.alloc(1))),
      fault,
    );
    t.is(
      faultOf(() => reader.verify()),
      fault,
    );
    t.is(
      faultOf(() => readAll(readerOf(entry))),
      fault,
    );
    t.is(
      faultOf(() => readerOf(entry).verify()),
      fault,
    );
  });

  test(`the fault names the object: ${name}`, (t) => {
    t.throws(() => readerOf(entry).verify(), { message: new RegExp(`object ${BLOB.id}`) });
  });
}

test("a reader that is closed refuses to read on", (t) => {
  const reader = readerOf(BLOB);
  reader.read(0, Buffer.alloc(10));
  reader.close();
  t.throws(() => reader.read(0, Buffer.alloc(10)), { message: "the reader is closed" });
  t.throws(() => reader.verify(), { message: "the reader is closed" });
});
