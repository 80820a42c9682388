import { randomBytes } from "node:crypto";
import { gunzipSync } from "node:zlib";
import test from "ava";
import { Compressor } from "../../../guest/http/compressor.ts";
import { RateLimit } from "../../../guest/http/rate-limit.ts";

const MIB = 1024 * 1024;
const STEP = 128 * 1024;

/** Text that compresses, another for each number. */
function text(size: number, seed = 1): Buffer {
  const line = (index: number) => `${seed} line ${index} of a text, and ${(index * 7919 * seed) % 1009}\n`;
  const lines: string[] = [];
  for (let length = 0, index = 0; length < size; index++)
    length += lines.push(line(index)) && line(index).length;
  return Buffer.from(lines.join("")).subarray(0, size);
}

for (const size of [0, 1, 5000, STEP - 1, STEP, STEP + 1, 2 * STEP, 1_000_000]) {
  test(`a content of ${size} bytes is compressed`, async (t) => {
    const content = text(size);
    const stream = (await new Compressor().gzip("a", content))!;
    t.deepEqual(gunzipSync(stream), content);
    if (size > 1000) t.true(stream.length < size / 2, `${stream.length}`);
    t.deepEqual(await new Compressor().gzip("a", content), stream, "the same bytes each time");
  });
}

test("bytes that do not compress come out intact", async (t) => {
  const content = randomBytes(3 * STEP + 17);
  t.deepEqual(gunzipSync((await new Compressor().gzip("a", content))!), content);
});

test("a step refers to the text before it", async (t) => {
  // Not one repetition within a step's distance, one beyond its start.
  const once = randomBytes(20_000);
  const content = Buffer.concat([randomBytes(STEP - once.length), once, once]);
  const stream = (await new Compressor().gzip("a", content))!;
  t.true(stream.length < content.length - 19_000);
  t.deepEqual(gunzipSync(stream), content);
});

test("a stream is compressed once for all who ask, and kept", async (t) => {
  const compressor = new Compressor();
  const content = text(4 * STEP);
  const streams = await Promise.all([1, 2, 3].map(() => compressor.gzip("a", content)));
  t.is(compressor.compressed, content.length);
  t.true(streams.every((stream) => stream === streams[0]));
  t.is(compressor.cached("a"), streams[0]);
  t.is(await compressor.gzip("a", content), streams[0]);
  t.is(compressor.compressed, content.length);
  t.is(compressor.cached("b"), undefined);
});

test("no more is compressed than 4 MiB a second, and 8 MiB at once", async (t) => {
  let now = 1000;
  const compressor = new Compressor(() => now);
  let tag = 0;
  const content = text(MIB - 16 * 1024);
  const compress = async () => (await compressor.gzip(`${tag++}`, content)) !== undefined;
  const most = async () => {
    let count = 0;
    while (await compress()) count++;
    return count;
  };
  t.is(await most(), 8);
  t.is(compressor.compressed, 8 * content.length);
  t.false(await compress());
  t.not(await compressor.gzip("0", content), undefined, "what is kept costs nothing");
  now += 249;
  t.false(await compress());
  now += 1;
  t.is(await most(), 1);
  now += 1000;
  t.is(await most(), 4);
  now += 1_000_000;
  t.is(await most(), 8);
});

test("small contents count for what their start costs", async (t) => {
  const compressor = new Compressor(() => 0);
  let count = 0;
  while ((await compressor.gzip(`${count}`, Buffer.of(1))) !== undefined) count++;
  t.is(count, 511);
});

test("what is kept is bounded", async (t) => {
  let now = 0;
  const compressor = new Compressor(() => now);
  for (let i = 0; i < 12; i++) {
    await compressor.gzip(`${i}`, randomBytes(MIB));
    now += 10_000;
  }
  const kept = Array.from({ length: 12 }, (_, i) => compressor.cached(`${i}`) !== undefined);
  t.deepEqual(kept, [...Array(5).fill(false), ...Array(7).fill(true)]);
});

test("a rate limit takes what does not fit from nobody", (t) => {
  let now = 0;
  const limit = new RateLimit(10, 20, () => now);
  t.true(limit.spend(15));
  t.false(limit.spend(6));
  t.true(limit.spend(5));
  t.false(limit.spend(1));
  now = 50;
  t.false(limit.spend(1));
  now = 100;
  t.true(limit.spend(1));
  now = 1e9;
  t.false(limit.spend(21), "more than can be saved up");
  t.true(limit.spend(20));
});
