import test from "ava";
import fc from "fast-check";
import { BaseCache } from "../../../guest/pack/base-cache.ts";

const step = fc.record({
  offset: fc.nat(12),
  size: fc.nat(120),
  /** A base is written above the one it builds on, which then must not be overwritten. */
  above: fc.boolean(),
  /** A base whose reading fails is allocated and never kept. */
  fails: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
  /** An inflated base is allocated one byte larger than it is. */
  extra: fc.nat(1),
});

test("what is kept is never overwritten, nor what is to be spared", (t) => {
  const property = fc.property(
    fc.integer({ min: 0, max: 400 }),
    fc.array(step, { maxLength: 120 }),
    (capacity, steps) => {
      const cache = new BaseCache(capacity);
      /** Per offset what its base is filled with, and how long it is. */
      const written = new Map<number, { fill: number; size: number }>();
      let last: { bytes: Uint8Array; fill: number } | undefined;
      steps.forEach(({ offset, size, above, fails, extra }, i) => {
        const fill = (i % 255) + 1;
        const spare = above ? last?.bytes : undefined;
        const memory = cache.allocate(size + extra, spare);
        if (memory.length < size + extra) throw new Error("too little memory");
        memory.fill(fill);
        if (spare?.some((byte) => byte !== last?.fill)) throw new Error("the spared base was overwritten");
        const bytes = memory.subarray(0, size);
        last = { bytes, fill };
        if (fails) {
          last = undefined;
          return;
        }
        cache.keep(offset, { kind: "blob", bytes });
        written.set(offset, { fill, size });
        for (const [offset, { fill, size }] of written) {
          const kept = cache.get(offset);
          if (kept === undefined) continue;
          if (kept.bytes.length !== size || kept.bytes.some((byte) => byte !== fill)) {
            throw new Error(`the base of ${offset} was overwritten`);
          }
        }
      });
    },
  );
  t.notThrows(() => fc.assert(property, { numRuns: 3000 }));
});

test("what was kept last is found", (t) => {
  const cache = new BaseCache(400);
  for (let i = 0; i < 100; i++) {
    const bytes = cache.allocate(30 + (i % 70)).fill(i);
    cache.keep(i, { kind: "tree", bytes });
    t.deepEqual(cache.get(i), { kind: "tree", bytes });
    if (i > 0) t.deepEqual(cache.get(i - 1)?.bytes, new Uint8Array(30 + ((i - 1) % 70)).fill(i - 1));
  }
});

test("of what is large, the last two are found", (t) => {
  const cache = new BaseCache(400);
  let base: Uint8Array | undefined;
  for (let i = 0; i < 10; i++) {
    base = cache.allocate(150 - i, base).fill(i);
    cache.keep(i, { kind: "blob", bytes: base });
    t.true(cache.get(i)?.bytes.every((byte) => byte === i));
    if (i > 0) t.true(cache.get(i - 1)?.bytes.every((byte) => byte === i - 1));
    t.is(cache.get(i - 2), undefined);
  }
});

test("a capacity of 0 keeps nothing", (t) => {
  const cache = new BaseCache(0);
  cache.keep(1, { kind: "blob", bytes: cache.allocate(1) });
  t.is(cache.get(1), undefined);
});
