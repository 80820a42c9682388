import test from "ava";
import fc from "fast-check";
import { ByteLru } from "../../reader/byte-lru.ts";

test("the cache keeps what a list of the last used items keeps", (t) => {
  const step = fc.record({ key: fc.nat(12), bytes: fc.nat(60), read: fc.boolean() });
  const shares = fc.constantFrom(undefined, 0.3, 1);
  const property = fc.property(
    fc.nat(200),
    shares,
    fc.array(step, { maxLength: 100 }),
    (capacity, share, steps) => {
      const lru = new ByteLru<number, number>(capacity, share && capacity * share);
      let model: { key: number; value: number; bytes: number }[] = [];
      return steps.every(({ key, bytes, read }, value) => {
        const found = model.find((item) => item.key === key);
        if (read) {
          if (found !== undefined) model = [...model.filter((item) => item !== found), found];
          return lru.get(key) === found?.value;
        }
        lru.set(key, value, bytes);
        if (found !== undefined || bytes > capacity * (share ?? 0.5)) return true;
        model.push({ key, value, bytes });
        while (model.reduce((sum, item) => sum + item.bytes, 0) > capacity) model.shift();
        return true;
      });
    },
  );
  t.notThrows(() => fc.assert(property, { numRuns: 1000 }));
});
