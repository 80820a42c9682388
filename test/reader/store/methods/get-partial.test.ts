import test from "ava";
import fc from "fast-check";
import { FILES, keyOf, NO_VALUES, openSample, sample, testRefusals, UNRESOLVED } from "./sample.ts";

test("getPartial returns the same part as the content that git has", (t) => {
  const store = openSample();
  const length = fc.oneof(fc.nat(20), fc.nat(3_000_000));
  const property = fc.property(fc.constantFrom(...FILES), length, length, (path, offset, length) => {
    const expected = sample.content(path).subarray(offset, offset + length);
    return expected.equals(store.getPartial(keyOf(path), { offset, length }));
  });
  t.notThrows(() => fc.assert(property, { numRuns: 100 }));
});

test("getPartial returns fewer bytes where the value ends", (t) => {
  const store = openSample();
  const { length } = sample.content("file");
  t.is(store.getPartial("file", { offset: length - 1, length: 10 }).length, 1);
  t.is(store.getPartial("file", { offset: length, length: 10 }).length, 0);
  t.is(store.getPartial("file", { offset: Number.MAX_SAFE_INTEGER, length: 1 }).length, 0);
  t.is(store.getPartial("empty", { offset: 0, length: 1 }).length, 0);
  t.is(store.getPartial("file", { offset: 0, length: 0 }).length, 0);
});

for (const [offset, length] of [
  [-1, 1],
  [0, -1],
  [0.5, 1],
  [0, Number.NaN],
  [Number.POSITIVE_INFINITY, 1],
  [2 ** 53, 1],
] as const) {
  test(`getPartial refuses the offset ${offset} with the length ${length}`, (t) => {
    t.throws(() => openSample().getPartial("file", { offset, length }), { instanceOf: RangeError });
  });
}

testRefusals(test, "getPartial", (store, key) => store.getPartial(key, { offset: 0, length: 1 }), [
  ...UNRESOLVED,
  ...NO_VALUES,
]);
