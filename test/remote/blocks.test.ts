import test from "ava";
import fc from "fast-check";
import { encodeHeader } from "../../reader/image/header.ts";
import { BLOCK_SIZE, type BlockCache } from "../../remote/block-cache.ts";
import { Blocks } from "../../remote/blocks.ts";
import { FakeSource, patterned } from "./fake-source.ts";

const MIB = 1024 * 1024;

/** Reads what begins on its own when an image is opened, so that the reads of a test are those it makes. */
async function settled(source: FakeSource): Promise<void> {
  do await new Promise((resolve) => setTimeout(resolve, 2));
  while (source.running > 0);
}

/** Blocks over a source whose start is there, but is no image: nothing is prefetched. */
function opened(length: number, options: ConstructorParameters<typeof Blocks>[1] = {}, fake = {}) {
  const source = new FakeSource(patterned(length), { start: BLOCK_SIZE, ...fake });
  return { source, image: new Blocks(source, options) };
}

/** The blocks of each request. */
function requested(source: FakeSource): [number, number][] {
  return source.reads.map(([offset, length]) => [offset / BLOCK_SIZE, Math.ceil(length / BLOCK_SIZE)]);
}

test("reads at random give the bytes of the source, with or without delays and failures", async (t) => {
  const length = 40 * BLOCK_SIZE + 1234;
  const truth = patterned(length);
  const read = fc.record({
    offset: fc.integer({ min: 0, max: length }),
    length: fc.oneof(fc.integer({ min: 0, max: 2000 }), fc.integer({ min: 0, max: 5 * BLOCK_SIZE })),
  });
  const property = fc.asyncProperty(
    fc.array(fc.array(read, { minLength: 1, maxLength: 6 }), { maxLength: 20 }),
    fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1 }),
    fc.array(fc.boolean(), { minLength: 1 }),
    fc.record({
      requests: fc.integer({ min: 1, max: 8 }),
      memory: fc.constantFrom(0, BLOCK_SIZE, 4 * BLOCK_SIZE, MIB),
    }),
    fc.constantFrom(0, 100, BLOCK_SIZE, 3 * BLOCK_SIZE + 1, length),
    async (rounds, delays, failures, options, start) => {
      const source = new FakeSource(truth, {
        start,
        delay: (n) => delays[n % delays.length]!,
        fails: (n) => failures[n % failures.length]! && n % 3 === 0,
      });
      await using image = new Blocks(source, options);
      for (const round of rounds) {
        await Promise.all(
          round.map(async ({ offset, length: wanted }) => {
            const count = Math.min(wanted, length - offset);
            try {
              const bytes = await image.read(offset, count);
              if (Buffer.compare(bytes, truth.subarray(offset, offset + count)) !== 0)
                throw new Error("wrong bytes");
            } catch (error) {
              if (!/read \d+ fails/.test((error as Error).message)) throw error;
            }
          }),
        );
      }
      if (source.most > options.requests) throw new Error(`${source.most} requests at once`);
    },
  );
  await fc.assert(property, { numRuns: 60 });
  t.pass();
});

test("a block that several want is fetched once, and neighbours come with one request", async (t) => {
  const { source, image } = opened(MIB);
  await Promise.all([
    image.read(5 * BLOCK_SIZE, 10),
    image.read(5 * BLOCK_SIZE + 100, 10),
    image.read(5 * BLOCK_SIZE, 10),
  ]);
  await image.read(8 * BLOCK_SIZE + 1, 3 * BLOCK_SIZE);
  t.deepEqual(requested(source), [
    [5, 1],
    [8, 4],
  ]);
  await image.read(5 * BLOCK_SIZE, 10);
  t.is(source.reads.length, 2);
  await image[Symbol.asyncDispose]();
  t.true(source.isClosed);
});

test("a long read is one request for each MiB", async (t) => {
  const { source, image } = opened(4 * MIB);
  const bytes = await image.read(BLOCK_SIZE, 3 * MIB - BLOCK_SIZE);
  t.is(Buffer.compare(bytes, source.bytes.subarray(BLOCK_SIZE, 3 * MIB)), 0);
  t.deepEqual(requested(source).slice(0, 3), [
    [1, 16],
    [17, 16],
    [33, 15],
  ]);
  await image[Symbol.asyncDispose]();
});

test("a slow source gets short requests, and what fails fails for all of a run", async (t) => {
  // The first read takes so long that three blocks are what the next ones may take.
  const { source, image } = opened(4 * MIB, {}, { delay: (read: number) => (read === 0 ? 1300 : 0) });
  await image.read(2 * MIB, BLOCK_SIZE);
  const bytes = await image.read(3 * MIB, MIB);
  t.is(Buffer.compare(bytes, source.bytes.subarray(3 * MIB)), 0);
  const [slow, ...others] = requested(source);
  t.deepEqual(slow, [32, 1]);
  t.true(others[0]![1] <= 3, JSON.stringify(others));
  await image[Symbol.asyncDispose]();
  const fails = opened(
    4 * MIB,
    {},
    {
      delay: (read: number) => (read === 0 ? 1300 : 0),
      fails: (read: number) => read === 2,
    },
  );
  await fails.image.read(2 * MIB, BLOCK_SIZE);
  await t.throwsAsync(fails.image.read(3 * MIB, MIB), { code: "SOURCE_UNREACHABLE" });
  t.is(fails.source.reads.length, 3);
  await fails.image[Symbol.asyncDispose]();
});

test("the last block is short, and there is nothing beyond it", async (t) => {
  const length = 3 * BLOCK_SIZE + 7;
  const { source, image } = opened(length);
  t.deepEqual(await image.read(3 * BLOCK_SIZE, 7), source.bytes.slice(3 * BLOCK_SIZE));
  t.deepEqual(source.reads, [[3 * BLOCK_SIZE, 7]]);
  await t.throwsAsync(image.read(3 * BLOCK_SIZE, 8), { instanceOf: RangeError });
  await t.throwsAsync(image.read(-1, 1), { instanceOf: RangeError });
  t.is((await image.read(length, 0)).length, 0);
  await image[Symbol.asyncDispose]();
});

test("one reader that goes on is read ahead of, more and more, up to half of the memory", async (t) => {
  const { source, image } = opened(64 * MIB, { memory: 8 * MIB });
  for (let block = 0; block < 512; block++) {
    await image.read(block * BLOCK_SIZE, BLOCK_SIZE);
    await settled(source);
  }
  const runs = requested(source);
  // Two blocks show that they follow one another, the third is fetched beside the first read-ahead.
  t.deepEqual(runs.slice(0, 3), [
    [1, 1],
    [2, 1],
    [3, 4],
  ]);
  // Everything once, and no further than 8 MiB ahead.
  t.deepEqual(
    new Set(runs.flatMap(([first, count]) => Array.from({ length: count }, (_, i) => first + i))).size,
    runs.reduce((sum, [, count]) => sum + count, 0),
  );
  const furthest = Math.max(...runs.map(([first, count]) => first + count));
  t.true(furthest > 512 + 32 && furthest < 512 + 128, `${furthest}`);
  t.true(runs.length < 60, `${runs.length} requests`);
  await image[Symbol.asyncDispose]();
});

test("random reads are not read ahead of", async (t) => {
  const { source, image } = opened(64 * MIB);
  for (let i = 0; i < 200; i++) {
    await image.read(((i * 379) % 1023) * BLOCK_SIZE, 100);
    await settled(source);
  }
  t.true(requested(source).every(([, count]) => count === 1));
  t.is(source.reads.length, 199);
  await image[Symbol.asyncDispose]();
});

test("several readers that go on at once are read ahead of, random ones between them or not", async (t) => {
  const { source, image } = opened(256 * MIB);
  const starts = [10, 300, 600, 900];
  for (let i = 0; i < 64; i++) {
    for (const start of starts) await image.read((start + i) * BLOCK_SIZE, BLOCK_SIZE);
    await image.read((1600 + ((i * 379) % 2003)) * BLOCK_SIZE, 10);
    await settled(source);
  }
  const own = requested(source).filter(([first]) =>
    starts.some((start) => first >= start && first < start + 80),
  );
  t.true(own.length < 4 * 16, `${own.length} requests`);
  await image[Symbol.asyncDispose]();
});

test("what opening has brought is not fetched, and the end of the sections is fetched at once", async (t) => {
  const bytes = Buffer.from(patterned(4 * MIB));
  bytes.set(encodeHeader(new Uint8Array(20), 2 * MIB + 5 * 512));
  bytes.write("PACK", 28);
  for (const start of [0, 4096, BLOCK_SIZE, 3 * BLOCK_SIZE]) {
    const source = new FakeSource(bytes, { start });
    const image = new Blocks(source);
    await settled(source);
    await image.read(0, Math.max(BLOCK_SIZE, start));
    await image.read(2 * MIB + 4 * 512, 512);
    await image.read(2 * MIB + 5 * 512 - BLOCK_SIZE, BLOCK_SIZE);
    t.deepEqual(requested(source), [...(start < BLOCK_SIZE ? [[0, 1] as [number, number]] : []), [31, 2]]);
    await image[Symbol.asyncDispose]();
  }
});

test("after some reads of an index at random, all of it is fetched, unless it is large", async (t) => {
  for (const [indexed, expected] of [
    [2 * MIB, 3],
    [5 * MIB, 6],
  ] as const) {
    const bytes = Buffer.from(patterned(MIB + indexed));
    bytes.set(encodeHeader(new Uint8Array(20), MIB));
    bytes.write("PACK", 28);
    const source = new FakeSource(bytes, { start: BLOCK_SIZE });
    const image = new Blocks(source);
    await settled(source);
    const before = source.reads.length;
    for (const block of [3, 20, 9, 30, 1, 14]) {
      await image.read(MIB + block * BLOCK_SIZE, 100);
      await settled(source);
    }
    const runs = requested(source).slice(before);
    t.is(runs.filter(([, count]) => count === 1).length, expected, JSON.stringify(runs));
    await image[Symbol.asyncDispose]();
  }
});

test("a reader gets the error of the source, and the next read tries again", async (t) => {
  const { source, image } = opened(MIB, {}, { fails: (n: number) => n === 0 });
  await t.throwsAsync(image.read(BLOCK_SIZE, 1), { code: "SOURCE_UNREACHABLE" });
  t.deepEqual(await image.read(BLOCK_SIZE, 1), source.bytes.slice(BLOCK_SIZE, BLOCK_SIZE + 1));
  await image[Symbol.asyncDispose]();
});

test("a read that is aborted ends with the reason, and others that want the same block get it", async (t) => {
  const { source, image } = opened(MIB, {}, { delay: () => 20 });
  const end = new AbortController();
  const aborted = image.read(BLOCK_SIZE, 1, end.signal);
  const other = image.read(BLOCK_SIZE, 1);
  const reason = new Error("enough");
  end.abort(reason);
  t.is(await t.throwsAsync(aborted), reason);
  t.is((await other).length, 1);
  t.is(source.reads.length, 1);
  await t.throwsAsync(image.read(0, 1, end.signal), { is: reason });
  await image[Symbol.asyncDispose]();
});

test("closing ends the reads that wait, and leaves no request", async (t) => {
  const { source, image } = opened(16 * MIB, {}, { delay: () => 100_000 });
  const reads = Array.from({ length: 20 }, (_, i) => image.read((2 * i + 1) * BLOCK_SIZE, 1));
  const ended = Promise.allSettled(reads);
  await new Promise((resolve) => setTimeout(resolve, 5));
  await image[Symbol.asyncDispose]();
  for (const result of await ended) t.is(result.status, "rejected");
  t.is(source.running, 0);
  t.is(source.reads.length, 8);
  await t.throwsAsync(image.read(0, 1), { message: "fake://image is closed" });
});

test("what somebody waits for is fetched before what is read ahead", async (t) => {
  const { source, image } = opened(64 * MIB, { requests: 3 }, { delay: () => 5 });
  image.prefetch(MIB, 6 * MIB);
  await image.read(32 * MIB, 1);
  const order = requested(source).map(([first]) => first);
  t.deepEqual(order.slice(0, 2), [16, 512], "one request reads ahead, others are left for readers");
  // A part of what waits to be read ahead.
  await image.read(6 * MIB, 1);
  t.true(
    requested(source)
      .map(([first]) => first)
      .indexOf(96) < 4,
  );
  await image[Symbol.asyncDispose]();
});

/** A cache in memory, in which some blocks are wrong. */
function memoryCache(blocks: Map<number, Uint8Array>): BlockCache {
  return {
    get: async (_, block) => blocks.get(block),
    put: async (_, block, bytes) => void blocks.set(block, bytes),
    drop: async (_, dropped) => {
      for (const block of dropped) blocks.delete(block);
    },
    describe: () => {},
    claim: () => true,
    release: () => {},
    isFree: () => true,
  };
}

test("what is forgotten is dropped from the cache, and comes from the source again", async (t) => {
  const kept = new Map([[3, new Uint8Array(BLOCK_SIZE)]]);
  const { source, image } = opened(MIB, { cache: memoryCache(kept) });
  t.deepEqual(await image.read(3 * BLOCK_SIZE, 4), new Uint8Array(4), "as the cache has it");
  await image.read(7 * BLOCK_SIZE, 4);
  t.deepEqual(image.counts, { requests: 2, bytes: 2 * BLOCK_SIZE, cached: BLOCK_SIZE });
  await image.forget();
  t.deepEqual([...kept.keys()], []);
  t.deepEqual(await image.read(3 * BLOCK_SIZE, 4), source.bytes.slice(3 * BLOCK_SIZE, 3 * BLOCK_SIZE + 4));
  await image[Symbol.asyncDispose]();
  t.deepEqual([...kept.keys()], [3]);
});
