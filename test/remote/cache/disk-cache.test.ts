import { execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import test, { type ExecutionContext } from "ava";
import fc from "fast-check";
import { hasEnded, processName } from "../../../reader/process-name.ts";
import { BLOCK_SIZE, type BlockCache } from "../../../remote/block-cache.ts";
import { Blocks } from "../../../remote/blocks.ts";
import { listImages, pruneTo } from "../../../remote/cache/blocks-folder.ts";
import { openDiskCache } from "../../../remote/cache/disk-cache.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import { FakeSource, patterned } from "../fake-source.ts";

const MIB = 1024 * 1024;
const asRoot = process.getuid!() === 0 ? test.serial : test.serial.skip;

/** Makes a folder the cache's for one test. The tests of this file run one after the other. */
function ownCache(t: ExecutionContext, folder = temporaryFolder(t)): string {
  const before = process.env.XDG_CACHE_HOME;
  process.env.XDG_CACHE_HOME = folder;
  t.teardown(() => {
    if (before === undefined) delete process.env.XDG_CACHE_HOME;
    else process.env.XDG_CACHE_HOME = before;
  });
  return join(folder, "docteur/blocks");
}

function opened(limit = 64 * MIB): BlockCache {
  const cache = openDiskCache(limit)!;
  cache.describe("key", "fake://image", 100 * MIB);
  return cache;
}

/** The folder of the image that is kept. */
function imageFolder(blocks: string): string {
  return join(blocks, fs.readdirSync(blocks).find((name) => /^[0-9a-f]{32}$/.test(name))!);
}

const block = (number: number) => patterned(BLOCK_SIZE).map((byte) => byte ^ number);

test.serial("a block is found again by its key and number, by others that open the cache, too", async (t) => {
  const blocks = ownCache(t);
  const cache = opened();
  await cache.put("key", 3, block(3));
  await cache.put("key", 1_000_000, block(4).subarray(0, 77));
  for (const each of [cache, opened()]) {
    t.deepEqual(new Uint8Array((await each.get("key", 3))!), block(3));
    t.deepEqual(new Uint8Array((await each.get("key", 1_000_000))!), block(4).slice(0, 77));
    t.is(await each.get("key", 2), undefined);
    t.is(await each.get("key", 19), undefined, "the same place of another segment");
    t.is(await each.get("other", 3), undefined);
  }
  await cache.drop("key", [3, 4, 5_000_000]);
  t.is(await cache.get("key", 3), undefined);
  const own = [join(blocks, ".."), blocks, imageFolder(blocks), join(imageFolder(blocks), "0")];
  for (const path of own) t.is(fs.statSync(path).mode & 0o77, 0);
});

test.serial("no part of a key is in the cache", async (t) => {
  const blocks = ownCache(t);
  const cache = openDiskCache(MIB)!;
  cache.describe("https://host/?X-Signature=secret", "https://host/?...", MIB);
  await cache.put("https://host/?X-Signature=secret", 0, block(0));
  const files = fs.readdirSync(blocks, { recursive: true, encoding: "utf8" });
  t.is(files.length, 4);
  t.false(files.join().includes("secret"));
  for (const file of files.map((name) => join(blocks, name)).filter((path) => fs.statSync(path).isFile())) {
    t.false(fs.readFileSync(file).includes("secret"));
  }
});

test.serial("a cache of no size is none", (t) => {
  ownCache(t);
  t.is(openDiskCache(0), undefined);
});

test.serial("what is not as it was put is not taken for a block, and is replaced", async (t) => {
  const blocks = ownCache(t);
  const cache = opened();
  const change = fc.oneof(
    fc.record({
      at: fc.integer({ min: 0, max: 4096 + 2 * BLOCK_SIZE }),
      byte: fc.integer({ min: 1, max: 255 }),
    }),
    fc.record({ length: fc.integer({ min: 0, max: 4096 + 2 * BLOCK_SIZE }) }),
    fc.record({ foreign: fc.uint8Array({ maxLength: 200 }) }),
  );
  await fc.assert(
    fc.asyncProperty(change, async (how) => {
      await cache.put("key", 0, block(0));
      await cache.put("key", 1, block(1));
      const path = join(imageFolder(blocks), "0");
      if ("length" in how) fs.truncateSync(path, how.length);
      else if ("foreign" in how) fs.writeFileSync(path, how.foreign);
      else {
        const bytes = fs.readFileSync(path);
        bytes[how.at % bytes.length]! ^= how.byte;
        fs.writeFileSync(path, bytes);
      }
      for (const number of [0, 1]) {
        const found = await cache.get("key", number);
        if (found !== undefined && Buffer.compare(found, block(number)) !== 0)
          throw new Error("a wrong block");
        await cache.put("key", number, block(number));
        if ((await cache.get("key", number)) === undefined) throw new Error("not replaced");
      }
    }),
    { numRuns: 100 },
  );
  t.pass();
});

test.serial("a block in the place of another, or of another image, is not taken for it", async (t) => {
  const blocks = ownCache(t);
  const cache = opened();
  await cache.put("key", 0, block(0));
  const path = join(imageFolder(blocks), "0");
  fs.copyFileSync(path, join(imageFolder(blocks), "1"));
  t.is(await cache.get("key", 16), undefined);
  await cache.put("other", 0, block(1));
  const other = fs
    .readdirSync(blocks)
    .map((name) => join(blocks, name, "0"))
    .find((file) => fs.existsSync(file) && file !== path)!;
  fs.copyFileSync(path, other);
  t.is(await cache.get("other", 0), undefined);
});

test.serial("folders, links and FIFOs in the places of its files do no harm", async (t) => {
  const blocks = ownCache(t);
  const cache = opened();
  await cache.put("key", 16, block(1));
  const folder = imageFolder(blocks);
  const outside = join(temporaryFolder(t), "outside");
  fs.writeFileSync(outside, "mine");
  fs.mkdirSync(join(folder, "0"));
  fs.symlinkSync(outside, join(folder, "2"));
  execFileSync("mkfifo", [join(folder, "3")]);
  for (const number of [0, 32, 48]) {
    t.is(await cache.get("key", number), undefined);
    await cache.put("key", number, block(number));
    t.is(await cache.get("key", number), undefined);
  }
  t.is(fs.readFileSync(outside, "utf8"), "mine");
  t.is((await listImages(blocks)).length, 1);
  await pruneTo(blocks, 0);
  t.is(fs.readFileSync(outside, "utf8"), "mine");
});

for (const name of ["about.json", "count"]) {
  test.serial(`a link or a FIFO in the place of ${name} does no harm`, async (t) => {
    const blocks = ownCache(t);
    await opened().put("key", 16, block(1));
    const path = join(name === "count" ? blocks : imageFolder(blocks), name);
    const outside = join(temporaryFolder(t), "outside");
    fs.writeFileSync(outside, "mine");
    for (const place of [() => fs.symlinkSync(outside, path), () => execFileSync("mkfifo", [path])]) {
      fs.rmSync(path);
      place();
      const cache = opened();
      await cache.put("key", 17, block(2));
      t.deepEqual(new Uint8Array((await cache.get("key", 17))!), block(2));
      t.is((await listImages(blocks)).length, 1);
    }
    t.is(fs.readFileSync(outside, "utf8"), "mine");
  });
}

test.serial("where another user could write, or nothing can be made, there is no cache", async (t) => {
  const folder = temporaryFolder(t);
  ownCache(t, folder);
  fs.mkdirSync(join(folder, "docteur"));
  fs.chmodSync(join(folder, "docteur"), 0o777);
  t.is(openDiskCache(MIB), undefined);
  fs.rmdirSync(join(folder, "docteur"));
  fs.writeFileSync(join(folder, "docteur"), "");
  t.is(openDiskCache(MIB), undefined);
});

asRoot("a full disk and one that becomes read-only are as no cache", async (t) => {
  const folder = temporaryFolder(t, "docteur-test-");
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=700k", "tmpfs", folder]);
  t.teardown(() => execFileSync("umount", ["-l", folder]));
  ownCache(t, folder);
  const source = new FakeSource(patterned(4 * MIB), { start: BLOCK_SIZE });
  {
    await using image = new Blocks(source, { cache: openDiskCache(64 * MIB) });
    for (let at = 0; at < source.size; at += BLOCK_SIZE) {
      t.is(Buffer.compare(await image.read(at, BLOCK_SIZE), source.bytes.subarray(at, at + BLOCK_SIZE)), 0);
    }
  }
  const kept = openDiskCache(64 * MIB)!;
  const found = await Promise.all(Array.from({ length: 64 }, (_, i) => kept.get("fake", i)));
  const there = found.filter((bytes) => bytes !== undefined).length;
  t.true(there > 3 && there < 11, `${there} blocks in 700 KB`);
  for (const [i, bytes] of found.entries()) {
    if (bytes !== undefined)
      t.is(Buffer.compare(bytes, source.bytes.subarray(i * BLOCK_SIZE, (i + 1) * BLOCK_SIZE)), 0);
  }
  execFileSync("mount", ["-o", "remount,ro", folder]);
  const again = new FakeSource(source.bytes, { start: BLOCK_SIZE });
  {
    await using image = new Blocks(again, { cache: openDiskCache(64 * MIB) });
    t.is((await image.read(0, 4 * MIB)).length, 4 * MIB);
  }
  t.pass();
});

test.serial("the segments that were used longest ago go when there is too much", async (t) => {
  const blocks = ownCache(t);
  const limit = 8 * MIB;
  const cache = opened(limit);
  for (let segment = 0; segment < 7; segment++) {
    for (let number = 0; number < 4; number++) await cache.put("key", segment * 16 + number, block(number));
    const old = Date.now() / 1000 - 1000 * (7 - segment);
    fs.utimesSync(join(imageFolder(blocks), String(segment)), old, old);
  }
  await cache.get("key", 16);
  for (let number = 16 * 100; number < 16 * 100 + 102; number++)
    await cache.put("key", number, block(number));
  const segments = () =>
    fs
      .readdirSync(imageFolder(blocks))
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  t.true(segments().includes(1), "it was read a moment ago");
  t.false(segments().includes(0));
  t.false(segments().includes(2));
  t.true(segments().includes(6));
  const size = () =>
    fs
      .readdirSync(imageFolder(blocks))
      .reduce((sum, name) => sum + fs.statSync(join(imageFolder(blocks), name)).blocks * 512, 0);
  t.true(size() <= limit * 1.1, `${size()} bytes`);
  // However many more come.
  for (let number = 0; number < 600; number++) await cache.put("key", number * 3, block(number));
  t.true(size() <= limit * 1.1, `${size()} bytes`);
});

test.serial("what a clock that was wrong has marked goes first, unless it is used now", async (t) => {
  const blocks = ownCache(t);
  const cache = opened();
  for (const segment of [0, 1, 2]) {
    await cache.put("key", segment * 16, block(segment));
    const time = Date.now() / 1000 + [1e9, 1e9, -1000][segment]!;
    fs.utimesSync(join(imageFolder(blocks), String(segment)), time, time);
  }
  await cache.get("key", 16);
  await pruneTo(blocks, 2 * (BLOCK_SIZE + 4096));
  t.deepEqual(
    fs.readdirSync(imageFolder(blocks)).filter((name) => /^\d+$/.test(name)),
    ["1", "2"],
  );
});

test.serial("a count that is lost or wrong is set right", async (t) => {
  const blocks = ownCache(t);
  const cache = opened(4 * MIB);
  for (let number = 0; number < 40; number++) await cache.put("key", number, block(number));
  fs.rmSync(join(blocks, "count"));
  await cache.put("key", 41, block(41));
  t.true(fs.statSync(join(blocks, "count")).size > 40);
  fs.writeFileSync(join(blocks, "count"), Buffer.alloc(1000));
  await cache.put("key", 42, block(42));
  t.is(Math.abs(fs.statSync(join(blocks, "count")).size - 43) < 3, true);
  t.not(await cache.get("key", 0), undefined, "nothing was removed for it");
});

test.serial("what is kept is listed by its image, and pruned down to a size", async (t) => {
  const blocks = ownCache(t);
  const cache = opened();
  cache.describe("two", "fake://two", 7);
  for (let number = 0; number < 32; number++) await cache.put("key", number, block(number));
  const old = Date.now() / 1000 - 1000;
  for (const segment of ["0", "1"]) fs.utimesSync(join(imageFolder(blocks), segment), old, old);
  await cache.put("two", 0, new Uint8Array(7));
  const images = await listImages(blocks);
  t.deepEqual(
    images.map(({ about }) => about),
    [
      { display: "fake://two", size: 7 },
      { display: "fake://image", size: 100 * MIB },
    ],
  );
  t.true(images[1]!.kept >= 2 * MIB && images[1]!.kept < 2.1 * MIB);
  const removed = await pruneTo(blocks, 1.5 * MIB);
  t.true(removed >= MIB && removed < 1.1 * MIB);
  t.not(await cache.get("two", 0), undefined);
  await pruneTo(blocks, 0);
  t.deepEqual(await listImages(blocks), []);
  t.deepEqual(fs.readdirSync(blocks), ["count"]);
  // Who has it open puts more there, and what it is.
  await cache.put("key", 0, block(0));
  t.deepEqual(
    (await listImages(blocks)).map(({ about }) => about?.display),
    ["fake://image"],
  );
  t.is(await pruneTo(join(blocks, "none"), 0), 0);
});

test.serial("a claim is one process's, until it is given back or its owner has died", async (t) => {
  const blocks = ownCache(t);
  const one = opened();
  const two = opened();
  t.true(one.claim("key", 5));
  t.false(two.claim("key", 5));
  t.false(one.claim("key", 5));
  t.false(two.isFree("key", 5));
  two.release("key", 5);
  t.false(two.isFree("key", 5));
  one.release("key", 5);
  t.true(two.isFree("key", 5));
  // One that has died.
  const child = spawn("sleep", ["100"]);
  const [space] = processName().split(".");
  const start = fs.readFileSync(`/proc/${child.pid}/stat`, "utf8").split(") ")[1]!.split(" ")[19];
  const name = `${space}.${child.pid}.${start}`;
  t.false(hasEnded(name, Date.now()));
  fs.symlinkSync(name, join(imageFolder(blocks), "5.claim"));
  t.false(one.claim("key", 5));
  child.kill("SIGKILL");
  await once(child, "exit");
  t.true(two.isFree("key", 5));
  t.true(two.claim("key", 5));
  two.release("key", 5);
  // One that has not been renewed; nobody can see whether its owner is alive.
  fs.symlinkSync("1.1.1", join(imageFolder(blocks), "6.claim"));
  t.false(one.claim("key", 6));
  const old = Date.now() / 1000 - 100;
  fs.lutimesSync(join(imageFolder(blocks), "6.claim"), old, old);
  t.true(one.claim("key", 6));
  one.release("key", 6);
  t.deepEqual(fs.readdirSync(imageFolder(blocks)), ["about.json"]);
});

test.serial("two images of one source in this process share what they fetch", async (t) => {
  ownCache(t);
  const bytes = patterned(2 * MIB);
  const sources = [0, 1].map(() => new FakeSource(bytes, { start: BLOCK_SIZE, delay: () => 5 }));
  const images = sources.map((source) => new Blocks(source, { cache: openDiskCache(64 * MIB) }));
  const reads = await Promise.all(images.map((image) => image.read(0, 2 * MIB)));
  for (const read of reads) t.is(Buffer.compare(read, bytes), 0);
  const fetched = sources.flatMap(({ reads }) => reads).reduce((sum, [, length]) => sum + length, 0);
  t.is(fetched, 2 * MIB - BLOCK_SIZE);
  for (const image of images) await image[Symbol.asyncDispose]();
});

test.serial("many processes that start at once fetch each block once", async (t) => {
  const blocks = ownCache(t);
  const log = join(temporaryFolder(t), "log");
  const script = `
    import { appendFileSync } from "node:fs";
    import { Blocks } from ${JSON.stringify(join(import.meta.dirname, "../../../remote/blocks.ts"))};
    import { openDiskCache } from ${JSON.stringify(join(import.meta.dirname, "../../../remote/cache/disk-cache.ts"))};
    import { FakeSource, patterned } from ${JSON.stringify(join(import.meta.dirname, "../fake-source.ts"))};
    const bytes = patterned(${2 * MIB + 5});
    class Logged extends FakeSource {
      read(offset, length, signal) {
        appendFileSync(${JSON.stringify(log)}, offset + " " + length + "\\n");
        return super.read(offset, length, signal);
      }
    }
    const source = new Logged(bytes, { start: ${BLOCK_SIZE}, delay: () => 20 });
    const image = new Blocks(source, { cache: openDiskCache(${64 * MIB}) });
    for (let at = 0; at < bytes.length; at += 100_000) {
      const length = Math.min(100_000, bytes.length - at);
      const read = await image.read(at, length);
      if (Buffer.compare(read, bytes.subarray(at, at + length)) !== 0) throw new Error("wrong bytes");
    }
    await image[Symbol.asyncDispose]();`;
  const run = () => promisify(execFile)(process.execPath, ["--input-type=module", "-e", script]);
  await Promise.all(Array.from({ length: 16 }, run));
  const fetched = fs
    .readFileSync(log, "utf8")
    .trim()
    .split("\n")
    .map((line) => line.split(" ").map(Number) as [number, number]);
  const counts = new Map<number, number>();
  for (const [offset, length] of fetched) {
    for (let at = offset; at < offset + length; at += BLOCK_SIZE) counts.set(at, (counts.get(at) ?? 0) + 1);
  }
  t.deepEqual(
    [...counts].filter(([, count]) => count > 1),
    [],
  );
  t.is(counts.size, 32);
  t.deepEqual(
    fs.readdirSync(imageFolder(blocks)).filter((name) => name.endsWith(".claim")),
    [],
  );
});

test.serial(
  "a block that a process was fetching when it was killed is fetched by one that waits for it",
  async (t) => {
    const blocks = ownCache(t);
    opened();
    const child = spawn("sleep", ["100"]);
    const [space] = processName().split(".");
    const start = fs.readFileSync(`/proc/${child.pid}/stat`, "utf8").split(") ")[1]!.split(" ")[19];
    fs.symlinkSync(`${space}.${child.pid}.${start}`, join(imageFolder(blocks), "3.claim"));
    const source = new FakeSource(patterned(MIB), { start: BLOCK_SIZE, key: "key" });
    await using image = new Blocks(source, { cache: openDiskCache(64 * MIB) });
    const read = image.read(3 * BLOCK_SIZE, 10);
    await new Promise((resolve) => setTimeout(resolve, 50));
    t.deepEqual(source.reads, []);
    child.kill("SIGKILL");
    t.is((await read).length, 10);
    t.is(source.reads.length, 1);
  },
);
