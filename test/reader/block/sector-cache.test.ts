import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import test from "ava";
import fc from "fast-check";
import { SectorCache, Window } from "../../../reader/block/sector-cache.ts";
import { InvalidImageError } from "../../../reader/errors.ts";
import { refused } from "../fault.ts";
import { recordingDevice } from "../recording-device.ts";

const DATA = randomBytes(40_000);

const access = fc.record({
  offset: fc.oneof(fc.nat(41_000), fc.constantFrom(0, 511, 512, 39_999, 40_000)),
  length: fc.oneof(fc.nat(3000), fc.constantFrom(0, 1, 512, 40_000)),
  piece: fc.boolean(),
});

test("it gives what lies there, from whole sectors on the device, in its capacity", (t) => {
  const size = fc.oneof(fc.nat(40_000), fc.constantFrom(0, 1, 512, 1024));
  const blockSize = fc.constantFrom(512, 1024, 4096, 16384);
  const property = fc.property(
    size,
    blockSize,
    fc.nat(20_000),
    fc.array(access, { maxLength: 60 }),
    (size, blockSize, capacity, accesses) => {
      const bytes = DATA.subarray(0, size);
      const device = recordingDevice(bytes);
      const cache = new SectorCache(device, { blockSize, capacity });
      for (const { offset, length, piece } of accesses) {
        if (piece && length === 0) continue;
        if (piece ? offset >= size : offset + length > size) {
          assert.throws(
            () => (piece ? cache.piece(offset, offset + length) : cache.read(offset, length)),
            InvalidImageError,
          );
        } else if (piece) {
          const given = cache.piece(offset, offset + length);
          assert.ok(Buffer.from(given).equals(bytes.subarray(offset, offset + given.length)));
          assert.ok(given.length <= length && (given.length > 0 || length === 0));
        } else {
          assert.ok(Buffer.from(cache.read(offset, length)).equals(bytes.subarray(offset, offset + length)));
        }
      }
      assert.deepEqual(device.faults, []);
    },
  );
  t.notThrows(() => fc.assert(property, { numRuns: 300, includeErrorInReport: true }));
});

test("what was read is not read again until another block needs its slot", (t) => {
  const device = recordingDevice(DATA);
  const cache = new SectorCache(device, { blockSize: 1024, capacity: 4096 });
  for (const block of [0, 1, 2, 3, 3, 2, 1, 0]) cache.read(block * 1024 + 5, 700);
  t.is(device.requests.length, 4);
  cache.read(4 * 1024, 1);
  t.is(device.requests.length, 5);
  for (const block of [1, 2, 3, 4]) cache.read(block * 1024, 1);
  t.is(device.requests.length, 5, "block 4 lies where block 0 lay");
  cache.read(0, 1);
  t.is(device.requests.length, 6);
});

test("a window has 64 bytes wherever they lie, and of more at least one", (t) => {
  const device = recordingDevice(DATA);
  const window = new Window();
  for (const capacity of [512, 1024, 2048, 100_000]) {
    const cache = new SectorCache(device, { blockSize: 512, capacity });
    for (let offset = 0; offset + 64 <= DATA.length; offset += 61) {
      cache.window(offset, 64, window);
      t.true(window.end - window.start >= 64);
      const found = Buffer.from(cache.memory.subarray(window.start, window.end));
      t.true(found.equals(DATA.subarray(offset, offset + found.length)));
    }
    for (let offset = 0; offset + 3000 <= DATA.length; offset += 501) {
      cache.window(offset, 3000, window);
      t.true(window.end > window.start);
      const found = Buffer.from(cache.memory.subarray(window.start, window.end));
      t.true(found.equals(DATA.subarray(offset, offset + found.length)));
    }
  }
  t.deepEqual(device.faults, []);
});

test("a block that could not be read is not kept, nor what lay in its memory", (t) => {
  const device = recordingDevice(DATA);
  let broken = false;
  const cache = new SectorCache(
    {
      ...device,
      readSectors(first, into) {
        into.fill(0);
        if (broken) throw new InvalidImageError("device", "broken");
        device.readSectors(first, into);
      },
    },
    { blockSize: 512, capacity: 512 },
  );
  t.deepEqual(Buffer.from(cache.read(0, 512)), DATA.subarray(0, 512));
  broken = true;
  refused(t, "device", () => cache.read(512, 512));
  broken = false;
  t.deepEqual(Buffer.from(cache.read(0, 512)), DATA.subarray(0, 512));
  t.deepEqual(Buffer.from(cache.read(512, 512)), DATA.subarray(512, 1024));
});

test("offsets and lengths that are none are refused", (t) => {
  const cache = new SectorCache(recordingDevice(DATA));
  for (const [offset, length] of [
    [-1, 1],
    [0, -1],
    [Number.NaN, 1],
    [0, Number.NaN],
    [2 ** 53, 1],
    [40_000, 1],
    [0, 2 ** 53],
  ] as const) {
    refused(t, "device", () => cache.read(offset, length), `${offset} ${length}`);
  }
});

test("a block of parts of sectors is refused", (t) => {
  for (const blockSize of [0, -512, 100, 513]) {
    t.throws(() => new SectorCache(recordingDevice(DATA), { blockSize }), { instanceOf: RangeError });
  }
});
