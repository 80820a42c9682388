import test from "ava";
import fc from "fast-check";
import { NumberList } from "../../image-builder/number-list.ts";
import { sortIndexes } from "../../image-builder/sort-indexes.ts";

test("a list of numbers gives what was pushed and set, over many pages", (t) => {
  for (const [type, largest] of [
    [Uint32Array, 2 ** 32 - 1],
    [Float64Array, Number.MAX_SAFE_INTEGER],
  ] as const) {
    const list = new NumberList(type);
    t.is(list.pop(), undefined);
    const count = 50_000;
    for (let index = 0; index < count; index++) list.push(largest - index);
    t.is(list.length, count);
    list.set(8192, 7);
    for (let index = count - 1; index >= 0; index--) {
      const expected = index === 8192 ? 7 : largest - index;
      if (list.at(index) !== expected || list.pop() !== expected) t.fail(`${index}`);
    }
    t.is(list.length, 0);
    list.push(1);
    t.is(list.at(0), 1);
  }
});

test("indexes are sorted as Array.prototype.sort does, equal ones in their order", (t) => {
  fc.assert(
    fc.property(fc.array(fc.nat(9), { maxLength: 200 }), (values) => {
      const compare = (a: number, b: number) => values[a]! - values[b]!;
      t.deepEqual([...sortIndexes(values.length, compare)], [...values.keys()].sort(compare));
    }),
  );
});
