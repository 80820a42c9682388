import test from "ava";
import fc from "fast-check";
import { ByteLru } from "../../reader/byte-lru.ts";

test("the cache keeps what a list of the last used items keeps", (t) => {
  const step = fc.record({ key: fc.nat(12), bytes: fc.nat(60), read: fc.boolean() });
  const property = fc.property(fc.nat(200), fc.array(step, { maxLength: 100 }), (capacity, steps) => {
    const lru = new ByteLru<number, number>(capacity);
    let model: { key: number; value: number; bytes: number }[] = [];
    return steps.every(({ key, bytes, read }, value) => {
      const found = model.find((item) => item.key === key);
      if (read) {
        if (found !== undefined) model = [...model.filter((item) => item !== found), found];
        return lru.get(key) === found?.value;
      }
      lru.set(key, value, bytes);
      if (found !== undefined || bytes * 2 > capacity) return true;
      model.push({ key, value, bytes });
      while (model.reduce((sum, item) => sum + item.bytes, 0) > capacity) model.shift();
      return true;
    });
  });
  t.notThrows(() => fc.assert(property, { numRuns: 1000 }));
});
