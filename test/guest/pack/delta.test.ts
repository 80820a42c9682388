import test from "ava";
import fc from "fast-check";
import { applyDelta, DeltaError, decodeDeltaHeader } from "../../../guest/pack/delta.ts";
import { copy, delta, insert, varint } from "../pack-fixture.ts";

const source = fc.uint8Array({ minLength: 1, maxLength: 70_000, size: "max" });

/** The shortest form of a copy: only bytes that are not zero are written, and a length of 0x10000 not at all. */
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
    return target.equals(applyDelta(source, delta(source.length, target.length, ...written)));
  });
  t.notThrows(() => fc.assert(property, { numRuns: 300 }));
});

test("a copy without a length copies 0x10000 bytes", (t) => {
  const source = Buffer.alloc(0x10003, "abc");
  t.deepEqual(
    Buffer.from(applyDelta(source, delta(source.length, 0x10000, Buffer.of(0x81, 3)))),
    source.subarray(3),
  );
});

test("an offset from 2^31 on is not taken as negative", (t) => {
  t.throws(() => applyDelta(Buffer.alloc(9), delta(9, 1, copy(0x80000000, 1))), {
    message: /outside its source/,
  });
  t.throws(() => applyDelta(Buffer.alloc(9), delta(9, 9, copy(0xffffffff, 9))), {
    message: /outside its source/,
  });
});

test("an empty target is made by no instruction", (t) => {
  t.is(applyDelta(Buffer.from("x"), delta(1, 0)).length, 0);
  t.is(applyDelta(Buffer.of(), delta(0, 0)).length, 0);
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

test("any bytes are a delta or refused, and cost no memory beyond the target", (t) => {
  const source = Buffer.alloc(300, "source");
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc.uint8Array({ maxLength: 60 }).map((rest) => delta(300, 200, rest)),
  );
  const property = fc.property(bytes, (bytes) => {
    let asked = 0;
    const allocate = (size: number) => {
      asked += size;
      return Buffer.alloc(size);
    };
    try {
      return applyDelta(source, bytes, allocate).length === asked;
    } catch (error) {
      return error instanceof DeltaError && asked === 0;
    }
  });
  t.notThrows(() => fc.assert(property, { numRuns: 5000 }));
});

test("every cut of a delta is refused", (t) => {
  const source = Buffer.alloc(500, "abcdef");
  const bytes = delta(500, 310, copy(3, 200), insert("x".repeat(100)), shortCopy(0, 10));
  t.is(applyDelta(source, bytes).length, 310);
  for (let length = 0; length < bytes.length; length++) {
    t.throws(() => applyDelta(source, bytes.subarray(0, length)), { instanceOf: DeltaError });
  }
});
