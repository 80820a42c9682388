import assert from "node:assert/strict";
import test from "ava";
import fc from "fast-check";
import { applyDelta, checkTargetSize, DeltaError, decodeDeltaHeader } from "../../../reader/pack/delta.ts";
import { copy, delta, deltaTarget, insert, rangeOf, varint } from "../pack-fixture.ts";

const source = fc.uint8Array({ minLength: 1, maxLength: 70_000, size: "max" });

/**
 * The shortest form of a copy: only bytes that are not zero are written, and a length of 0x10000 not at all.
 */
function shortCopy(offset: number, length: number): Buffer {
  const bytes: number[] = [];
  let opcode = 0x80;
  for (let i = 0; i < 4; i++) {
    const byte = (offset >>> (8 * i)) & 0xff;
    if (byte !== 0) bytes.push(byte);
    if (byte !== 0) opcode |= 1 << i;
  }
  for (let i = 0; i < 3 && length !== 0x10000; i++) {
    const byte = (length >>> (8 * i)) & 0xff;
    if (byte !== 0) bytes.push(byte);
    if (byte !== 0) opcode |= 0x10 << i;
  }
  return Buffer.from([opcode, ...bytes]);
}

test("instructions make what they say", (t) => {
  const instruction = fc.oneof(
    fc.record({ from: fc.nat(), length: fc.nat(), form: fc.boolean() }),
    fc.uint8Array({ minLength: 1, maxLength: 127 }),
  );
  const property = fc.property(source, fc.array(instruction, { maxLength: 40 }), (source, instructions) => {
    const made: Uint8Array[] = [];
    const written = instructions.map((one) => {
      if (one instanceof Uint8Array) {
        made.push(one);
        return insert(one);
      }
      const offset = one.from % source.length;
      const length = 1 + (one.length % (source.length - offset));
      made.push(source.subarray(offset, offset + length));
      return one.form ? copy(offset, length) : shortCopy(offset, length);
    });
    const target = Buffer.concat(made);
    return target.equals(deltaTarget(source, delta(source.length, target.length, ...written)));
  });
  t.notThrows(() => fc.assert(property, { numRuns: 300 }));
});

test("pieces of every length are copied, and nothing beside them", (t) => {
  const source = Uint8Array.from({ length: 300 }, (_, i) => (i * 7 + 1) % 256);
  for (let length = 1; length <= 100; length++) {
    const from = length % 5;
    const pieces = [source.subarray(from, from + length), source.subarray(300 - length)];
    const target = Buffer.concat(pieces);
    const bytes = delta(300, target.length, copy(from, length), insert(pieces[1]!));
    const { instructions } = decodeDeltaHeader(bytes);
    // In the middle of larger memory, as the cache of bases has them.
    const memory = new Uint8Array(target.length + 40).fill(0xee);
    const inMemory = { memory: new Uint8Array([...new Uint8Array(11), ...source, 9]), start: 11, size: 300 };
    const range = { memory, start: 13, size: target.length };
    t.is(applyDelta(inMemory, bytes, instructions, bytes.length, range), 2);
    const around = Buffer.alloc(40, 0xee);
    t.deepEqual(Buffer.from(memory), Buffer.concat([around.subarray(0, 13), target, around.subarray(13)]));
  }
});

test("a copy without a length copies 0x10000 bytes", (t) => {
  const source = Buffer.alloc(0x10003, "abc");
  t.deepEqual(deltaTarget(source, delta(source.length, 0x10000, Buffer.of(0x81, 3))), source.subarray(3));
});

test("an offset from 2^31 on is not taken as negative", (t) => {
  t.throws(() => deltaTarget(Buffer.alloc(9), delta(9, 1, copy(0x80000000, 1))), {
    message: /outside its source/,
  });
  t.throws(() => deltaTarget(Buffer.alloc(9), delta(9, 9, copy(0xffffffff, 9))), {
    message: /outside its source/,
  });
});

test("an empty target is made by no instruction", (t) => {
  t.is(deltaTarget(Buffer.from("x"), delta(1, 0)).length, 0);
  t.is(deltaTarget(Buffer.of(), delta(0, 0)).length, 0);
});

test("the header's sizes are read up to 2^53", (t) => {
  const property = fc.property(fc.maxSafeNat(), fc.maxSafeNat(), (sourceSize, targetSize) => {
    const header = decodeDeltaHeader(delta(sourceSize, targetSize));
    return (
      header.sourceSize === sourceSize &&
      header.targetSize === targetSize &&
      header.instructions === varint(sourceSize).length + varint(targetSize).length
    );
  });
  t.notThrows(() => fc.assert(property));
  for (const size of [2 ** 53, 2 ** 63]) {
    t.throws(() => decodeDeltaHeader(delta(1, size)), { instanceOf: DeltaError });
    t.throws(() => decodeDeltaHeader(delta(size, 1)), { instanceOf: DeltaError });
  }
});

test("sizes padded without end are refused", (t) => {
  for (const length of [11, 20, 200, 2000]) {
    const padded = Buffer.concat([Buffer.alloc(length, 0x80), Buffer.of(0, 1)]);
    t.throws(() => decodeDeltaHeader(padded), { instanceOf: DeltaError });
  }
});

const anyDelta = fc.oneof(
  fc.uint8Array({ maxLength: 60 }),
  fc.uint8Array({ maxLength: 60 }).map((rest) => delta(300, 200, rest)),
);

test("any bytes are a delta or refused, and nothing is read or written outside source and target", (t) => {
  const BEFORE = 7;
  const source = Buffer.alloc(300, "source");
  const around = Buffer.concat([Buffer.alloc(BEFORE, 0xaa), source, Buffer.alloc(9, 0xbb)]);
  const property = fc.property(anyDelta, (bytes) => {
    const target = Buffer.alloc(BEFORE + 200 + 9, 0xee);
    const range = { memory: target, start: BEFORE, size: 200 };
    const from = { memory: around, start: BEFORE, size: source.length };
    try {
      const { targetSize, instructions } = decodeDeltaHeader(bytes);
      if (targetSize !== 200) return true;
      const padded = Buffer.concat([bytes, Buffer.alloc(200, 0x91)]);
      applyDelta(from, padded, instructions, bytes.length, range);
      const alone = deltaTarget(source, bytes);
      assert.ok(alone.equals(target.subarray(BEFORE, BEFORE + 200)));
      checkTargetSize(bytes, instructions, bytes.length, 200);
    } catch (error) {
      if (!(error instanceof DeltaError)) throw error;
    }
    return (
      target.subarray(0, BEFORE).every((byte) => byte === 0xee) &&
      target.subarray(-9).every((byte) => byte === 0xee)
    );
  });
  t.notThrows(() => fc.assert(property, { numRuns: 5000 }));
});

test("the size that instructions make is known without following them", (t) => {
  const bytes = delta(500, 310, copy(3, 200), insert("x".repeat(100)), shortCopy(0, 10));
  const { instructions } = decodeDeltaHeader(bytes);
  t.notThrows(() => checkTargetSize(bytes, instructions, bytes.length, 310));
  for (const size of [0, 309, 311, 2 ** 40]) {
    t.throws(() => checkTargetSize(bytes, instructions, bytes.length, size), {
      message: /makes 310 bytes and claims/,
    });
  }
  const most = delta(500, 1, Buffer.of(0xf0, 0xff, 0xff, 0xff), Buffer.of(0x80));
  const start = decodeDeltaHeader(most).instructions;
  t.notThrows(() => checkTargetSize(most, start, most.length, 0xffffff + 0x10000));
  t.throws(() => applyDelta(rangeOf(Buffer.alloc(500)), most, start, most.length, rangeOf(Buffer.alloc(1))), {
    instanceOf: DeltaError,
  });
});

test("every cut of a delta is refused", (t) => {
  const source = Buffer.alloc(500, "abcdef");
  const bytes = delta(500, 310, copy(3, 200), insert("x".repeat(100)), shortCopy(0, 10));
  t.is(deltaTarget(source, bytes).length, 310);
  for (let length = 0; length < bytes.length; length++) {
    t.throws(() => deltaTarget(source, bytes.subarray(0, length)), { instanceOf: DeltaError });
  }
});
