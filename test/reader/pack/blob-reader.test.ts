import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import test from "ava";
import fc from "fast-check";
import { copy, delta, makeImage, open, refDelta, whole } from "../pack-fixture.ts";

const LARGE = randomBytes(1_300_000);
const SAME = Buffer.alloc(5_000_000, "compresses well ");
const SMALL = randomBytes(1000);
const FROM_DELTA = LARGE.subarray(0, 1_200_000);
const CONTENTS = { delta: FROM_DELTA, empty: Buffer.alloc(0), large: LARGE, same: SAME, small: SMALL };
const IMAGE = makeImage({
  delta: refDelta(whole("blob", LARGE).id, delta(LARGE.length, 1_200_000, copy(0, 1_200_000)), FROM_DELTA),
  empty: whole("blob", CONTENTS.empty),
  large: whole("blob", LARGE),
  same: whole("blob", SAME),
  small: whole("blob", SMALL),
});

const step = fc.record({
  name: fc.constantFrom(...(Object.keys(CONTENTS) as (keyof typeof CONTENTS)[])),
  position: fc.oneof(fc.nat(1_400_000), fc.nat(5_100_000), fc.constantFrom(0, 65_535, 65_536, 1_300_000)),
  length: fc.oneof(fc.nat(3000), fc.nat(300_000)),
  what: fc.constantFrom("read", "read", "read", "verify", "verify some", "get"),
});

test("readers give what lies there, in any order and side by side, and verify it at the end", (t) => {
  const property = fc.property(
    fc.array(step, { maxLength: 12 }),
    fc.constantFrom("zlib", "pako"),
    (steps, inflate) => {
      // Few sectors are kept, so that the readers take each other's away.
      const store = open(IMAGE, { sectorCacheSize: 32 * 1024, inflate });
      const readers = Object.fromEntries(Object.keys(CONTENTS).map((name) => [name, store.open(name)]));
      for (const { name, position, length, what } of steps) {
        const reader = readers[name] as ReturnType<typeof store.open>;
        const content = CONTENTS[name];
        assert.equal(reader.size, content.length);
        if (what === "verify") assert.equal(reader.verify(), true);
        if (what === "verify some") reader.verify(length);
        if (what === "get") assert.ok(content.equals(store.get(name)));
        const into = Buffer.alloc(length, 0xee);
        const expected = content.subarray(position, position + length);
        assert.equal(reader.read(position, into), expected.length);
        assert.ok(into.subarray(0, expected.length).equals(expected), `${name} at ${position}`);
      }
      for (const [name, reader] of Object.entries(readers)) {
        const content = CONTENTS[name as keyof typeof CONTENTS];
        reader.read(Math.max(0, content.length - 1), Buffer.alloc(10));
        assert.ok(reader.verify());
        reader.close();
      }
    },
  );
  t.notThrows(() => fc.assert(property, { numRuns: 15, endOnFailure: true, includeErrorInReport: true }));
});

test("the last byte is not given before all is verified", (t) => {
  const reader = open(IMAGE).open("large");
  t.is(reader.read(0, Buffer.alloc(LARGE.length - 1)), LARGE.length - 1);
  t.is(reader.read(LARGE.length - 1, Buffer.alloc(5)), 1);
  t.true(reader.verified);
  reader.close();
});

test("a reader that is closed reads nothing more", (t) => {
  const reader = open(IMAGE).open("large");
  reader.close();
  t.throws(() => reader.read(0, Buffer.alloc(1)));
});
