import test from "ava";
import fc from "fast-check";
import type { ObjectKind } from "../../../reader/git/object.ts";
import { type Base, BaseCache } from "../../../reader/pack/base-cache.ts";

/** The bytes that a cache has reserved, or of a base that it keeps. */
function bytesOf({ memory, start }: { memory: Uint8Array; start: number }, size: number): Uint8Array {
  return memory.subarray(start, start + size);
}

/** Notes an object of a size as read, and keeps it. */
function keep(cache: BaseCache, offset: number, kind: ObjectKind, size: number): Base {
  cache.filled(kind, size, 0, 0);
  return cache.keep(offset);
}

function contentOf(base: Base | undefined): Uint8Array | undefined {
  return base && bytesOf(base, base.size);
}

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

test("what is kept is never overwritten, nor the range that is to be kept", (t) => {
  const property = fc.property(
    fc.integer({ min: 0, max: 400 }),
    fc.array(step, { maxLength: 120 }),
    (capacity, steps) => {
      const cache = new BaseCache(capacity);
      /** Per offset what its base is filled with, and how long it is. */
      const written = new Map<number, { fill: number; size: number }>();
      let last: { base: Base; fill: number } | undefined;
      steps.forEach(({ offset, size, above, fails, extra }, i) => {
        const fill = (i % 255) + 1;
        const kept = above ? last?.base : undefined;
        cache.reserve(size + extra, kept);
        const memory = bytesOf(cache, size + extra);
        if (memory.length < size + extra) throw new Error("too little memory");
        memory.fill(fill);
        if (contentOf(kept)?.some((byte) => byte !== last?.fill)) {
          throw new Error("the kept range was overwritten");
        }
        if (fails) {
          last = undefined;
          return;
        }
        last = { base: keep(cache, offset, "blob", size), fill };
        written.set(offset, { fill, size });
        for (const [offset, { fill, size }] of written) {
          const content = contentOf(cache.get(offset));
          if (content === undefined) continue;
          if (content.length !== size || content.some((byte) => byte !== fill)) {
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
  const size = (i: number) => 30 + (i % 70);
  for (let i = 0; i < 100; i++) {
    cache.reserve(size(i));
    bytesOf(cache, size(i)).fill(i);
    const base = keep(cache, i, "tree", size(i));
    t.is(cache.get(i), base);
    t.is(base.kind, "tree");
    if (i > 0) t.deepEqual(contentOf(cache.get(i - 1)), new Uint8Array(size(i - 1)).fill(i - 1));
  }
});

test("of what is large, the last two are found", (t) => {
  const cache = new BaseCache(400);
  let base: Base | undefined;
  for (let i = 0; i < 10; i++) {
    cache.reserve(150 - i, base);
    bytesOf(cache, 150 - i).fill(i);
    base = keep(cache, i, "blob", 150 - i);
    t.true(contentOf(cache.get(i))?.every((byte) => byte === i));
    if (i > 0) t.true(contentOf(cache.get(i - 1))?.every((byte) => byte === i - 1));
    t.is(cache.get(i - 2), undefined);
  }
});

test("of small ones no more are kept than there is memory for finding them", (t) => {
  const cache = new BaseCache(256_000);
  for (let i = 0; i < 5000; i++) {
    cache.reserve(1);
    bytesOf(cache, 1).fill(i);
    keep(cache, i, "blob", 1);
  }
  t.is(cache.get(4249), undefined);
  t.deepEqual(contentOf(cache.get(4250)), Uint8Array.of(4250 % 256));
  t.deepEqual(contentOf(cache.get(4999)), Uint8Array.of(4999 % 256));
});

test("deltas by the thousand do not drive out what is undeltified", (t) => {
  const cache = new BaseCache(4000);
  const undeltified = [0, 1, 2].map((offset) => {
    cache.reserve(900);
    bytesOf(cache, 900).fill(offset + 1);
    return keep(cache, offset, "blob", 900);
  });
  for (let i = 0; i < 3000; i++) {
    const base = undeltified[i % 3];
    cache.reserve(100, base);
    bytesOf(cache, 100).fill(i);
    keep(cache, 1000 + i, "blob", 100);
    t.is(cache.get(i % 3), base);
  }
  undeltified.forEach((base, i) => {
    t.deepEqual(contentOf(base), new Uint8Array(900).fill(i + 1));
  });
  t.deepEqual(contentOf(cache.get(3999)), new Uint8Array(100).fill(2999));
});

test("the memory of huge ones is freed, except that of a range to keep", (t) => {
  const cache = new BaseCache(1 << 20);
  const size = 20 << 20;
  for (let i = 0; i < 2; i++) {
    cache.reserve(size, cache.get(i - 1));
    bytesOf(cache, size).fill(i + 1);
    keep(cache, i, "blob", size);
  }
  cache.dropHuge(cache.get(1));
  t.is(cache.get(0), undefined);
  t.true(contentOf(cache.get(1))?.every((byte) => byte === 2));
  cache.dropHuge();
  t.is(cache.get(1), undefined);
  cache.reserve(10);
  keep(cache, 5, "blob", 10);
  t.is(cache.get(5)?.size, 10);
});

test("a capacity of 0 keeps nothing", (t) => {
  const cache = new BaseCache(0);
  cache.reserve(1);
  keep(cache, 1, "blob", 1);
  t.is(cache.get(1), undefined);
});
