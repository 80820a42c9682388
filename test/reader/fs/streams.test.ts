import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { deflateSync } from "node:zlib";
import test from "ava";
import fc from "fast-check";
import type { BlockDevice } from "../../../reader/block/device.ts";
import { memoryDevice } from "../../../reader/block/memory.ts";
import { InvalidImageError } from "../../../reader/errors.ts";
import { createFs, type FsOptions } from "../../../reader/fs/create-fs.ts";
import { connect } from "../../../reader/store/connect.ts";
import { makeImage, whole } from "../pack-fixture.ts";

const MIB = 1024 * 1024;

/** Bytes that look random, and the same on every run. */
function noise(length: number): Buffer {
  const blocks: Buffer[] = [];
  for (let i = 0; i * 20 < length; i++) blocks.push(createHash("sha1").update(`${i}`).digest());
  return Buffer.concat(blocks).subarray(0, length);
}

/**
 * Larger than what the store is allowed to read into memory whole, and than what it does not bother to
 * stream.
 */
const LARGE = noise(3 * MIB + 12_345);
/** With hardly a cache, so that what is inflated twice is read twice. */
const OPTIONS = { maxObjectSize: MIB, sectorCacheSize: 64 * 1024 };
const damaged = Buffer.from(LARGE);
damaged[100] = (damaged[100] as number) ^ 1;

const stored = (content: Buffer) => deflateSync(content, { level: 0 });
const large = whole("blob", LARGE);
const image = makeImage({
  large: { ...large, stream: stored(LARGE) },
  damaged: {
    ...whole("blob", Buffer.concat([LARGE, Buffer.from("!")])),
    data: Buffer.concat([damaged, Buffer.from("!")]),
  },
  small: whole("blob", "small\n"),
  empty: whole("blob", ""),
});

/** Counts the bytes that are read from it. */
class CountingDevice implements BlockDevice {
  readonly #device = memoryDevice(image);
  readonly sectorSize = this.#device.sectorSize;
  readonly sectorCount = this.#device.sectorCount;
  readonly size = this.#device.size;
  bytes = 0;

  readSectors(first: number, into: Uint8Array): void {
    this.bytes += into.length;
    this.#device.readSectors(first, into);
  }

  close(): void {}
}

function open(options: FsOptions = {}) {
  const device = new CountingDevice();
  const fs = createFs(connect(device, OPTIONS), options);
  device.bytes = 0;
  return { device, fs };
}

/** What a stream gives before it ends, and the error that ends it. */
async function drain(stream: Readable): Promise<{ bytes: Buffer; error: unknown; pieces: number[] }> {
  const pieces: Buffer[] = [];
  let error: unknown;
  try {
    for await (const piece of stream) pieces.push(piece);
  } catch (thrown) {
    error = thrown;
  }
  return { bytes: Buffer.concat(pieces), error, pieces: pieces.map(({ length }) => length) };
}

test("a stream of a large file is the file, read once", async (t) => {
  const { device, fs } = open();
  const { bytes, error, pieces } = await drain(fs.createReadStream("/large"));
  t.is(error, undefined);
  t.true(bytes.equals(LARGE));
  t.true(pieces.every((length) => length <= 64 * 1024));
  t.true(device.bytes < LARGE.length * 1.1, `${device.bytes} bytes were read`);
});

test("a stream that verifies before it reads makes two passes and no more", async (t) => {
  const { device, fs } = open({ verify: "before" });
  const { bytes, error } = await drain(fs.createReadStream("/large"));
  t.is(error, undefined);
  t.true(bytes.equals(LARGE));
  t.true(device.bytes < LARGE.length * 2.1, `${device.bytes} bytes were read`);
});

test("any part of any file streams as node's Buffer slices it", async (t) => {
  const { fs } = open();
  const contents = { large: LARGE, small: Buffer.from("small\n"), empty: Buffer.alloc(0) };
  const offset = fc.oneof(fc.nat(10), fc.nat(LARGE.length + 10));
  const property = fc.asyncProperty(
    fc.constantFrom("large", "large", "small", "empty"),
    fc.option(offset, { nil: undefined }),
    fc.option(offset, { nil: undefined }),
    fc.integer({ min: 1000, max: 200_000 }),
    async (name, start, length, highWaterMark) => {
      const content = contents[name as keyof typeof contents];
      const end = length === undefined ? undefined : (start ?? 0) + length;
      const options = {
        highWaterMark,
        ...(start === undefined ? {} : { start }),
        ...(end === undefined ? {} : { end }),
      };
      const { bytes, error } = await drain(fs.createReadStream(name, options));
      assert.equal(error, undefined);
      assert.ok(bytes.equals(content.subarray(start ?? 0, end === undefined ? undefined : end + 1)));
    },
  );
  await t.notThrowsAsync(fc.assert(property, { numRuns: 40, includeErrorInReport: true }));
});

test("a damaged large file never streams to a silent end", async (t) => {
  const { fs } = open();
  const ranges = [
    {},
    { end: 10 },
    { start: LARGE.length, end: LARGE.length },
    { start: 5 },
    { start: 99, end: 101 },
  ];
  for (const range of ranges) {
    const { bytes, error, pieces } = await drain(fs.createReadStream("/damaged", range));
    t.like(error, { code: "EIO", syscall: "read", path: "/damaged" });
    t.true((error as Error).cause instanceof InvalidImageError);
    t.like((error as Error).cause, { fault: "object-id" });
    // The piece that would complete what was asked for is withheld.
    const { start = 0, end = LARGE.length } = range as { start?: number; end?: number };
    t.true(bytes.length < end + 1 - start, `${JSON.stringify(range)} gave ${pieces}`);
  }
});

test("a stream that verifies before it reads gives nothing of a damaged file", async (t) => {
  const { fs } = open({ verify: "before" });
  const { bytes, error } = await drain(fs.createReadStream("/damaged"));
  t.like(error, { code: "EIO" });
  t.is(bytes.length, 0);
});

test("no method of a handle returns a byte of a damaged file", async (t) => {
  const { fs } = open();
  await using handle = await fs.promises.open("/damaged");
  await t.throwsAsync(handle.read(Buffer.alloc(1), 0, 1, 0), { code: "EIO" });
  await t.throwsAsync(handle.read(Buffer.alloc(1), 0, 1, 0), { code: "EIO" });
  const fd = fs.openSync("/damaged", "r");
  t.throws(() => fs.readSync(fd, Buffer.alloc(1)), { code: "EIO" });
  t.throws(() => fs.readvSync(fd, [Buffer.alloc(1)]), { code: "EIO" });
  fs.closeSync(fd);
});

test("a handle makes two passes: one verifies, one reads", async (t) => {
  const { device, fs } = open();
  await using handle = await fs.promises.open("/large");
  const hash = createHash("sha1");
  const buffer = Buffer.alloc(10_000);
  for (;;) {
    const { bytesRead } = await handle.read(buffer);
    if (bytesRead === 0) break;
    hash.update(buffer.subarray(0, bytesRead));
  }
  t.is(hash.digest("hex"), createHash("sha1").update(LARGE).digest("hex"));
  t.true(device.bytes < LARGE.length * 2.1, `${device.bytes} bytes were read`);
});

test("reads at any offset, in any order, return the bytes of the file", async (t) => {
  const { fs } = open();
  const reads = fc.array(
    fc.record({
      position: fc.option(fc.nat(LARGE.length + 100), { nil: null }),
      length: fc.nat(100_000),
      synchronous: fc.boolean(),
    }),
    { minLength: 1, maxLength: 8 },
  );
  const property = fc.asyncProperty(reads, async (list) => {
    const fd = fs.openSync("/large", "r");
    await using handle = await fs.promises.open("/large");
    let [here, there] = [0, 0];
    for (const { position, length, synchronous } of list) {
      const buffer = Buffer.alloc(length);
      const at = position ?? (synchronous ? here : there);
      const read = synchronous
        ? fs.readSync(fd, buffer, 0, length, position)
        : (await handle.read(buffer, 0, length, position)).bytesRead;
      const expected = LARGE.subarray(at, at + length);
      assert.equal(read, expected.length);
      assert.ok(buffer.subarray(0, read).equals(expected));
      if (position === null && synchronous) here += read;
      if (position === null && !synchronous) there += read;
    }
    fs.closeSync(fd);
  });
  await t.notThrowsAsync(fc.assert(property, { numRuns: 25, includeErrorInReport: true }));
});

test("streams of one file do not disturb each other, nor a handle", async (t) => {
  const { fs } = open();
  await using handle = await fs.promises.open("/large");
  const results = await Promise.all([
    drain(fs.createReadStream("/large")),
    drain(fs.createReadStream("/large", { highWaterMark: 10_000 })),
    drain(handle.createReadStream({ start: 0, autoClose: false, highWaterMark: 33_333 })),
    handle.read(Buffer.alloc(5), 0, 5, 2 * MIB),
  ]);
  for (const { bytes } of results.slice(0, 3) as { bytes: Buffer }[]) t.true(bytes.equals(LARGE));
  t.deepEqual((results[3] as { buffer: Buffer }).buffer, LARGE.subarray(2 * MIB, 2 * MIB + 5));
});

test("a file that does not fit in memory fails with EFBIG and the reason", (t) => {
  const { fs } = open();
  t.throws(() => fs.readFileSync("/large"), {
    code: "EFBIG",
    message: /^EFBIG: file too large, read '\/large': /,
  });
});

test("a stream left early is closed, and so is its file", async (t) => {
  const { fs } = open();
  const stream = fs.createReadStream("/large");
  let fd = -1;
  stream.once("open", (opened: number) => {
    fd = opened;
  });
  for await (const piece of stream) {
    t.true(LARGE.subarray(0, piece.length).equals(piece));
    break;
  }
  t.true(stream.closed);
  t.throws(() => fs.fstatSync(fd), { code: "EBADF" });
});

test("a stream behaves as node's", async (t) => {
  const { fs } = open();
  t.is(await text(fs.createReadStream("small", "utf8")), "small\n");
  const stream = fs.createReadStream("small");
  t.true(stream.pending);
  const seen: string[] = [];
  for (const event of ["open", "ready", "end", "close"]) stream.on(event, () => seen.push(event));
  await drain(stream);
  t.deepEqual(seen, ["open", "ready", "end", "close"]);
  t.is(stream.bytesRead, 6);
  t.is(stream.path, "small");
  t.like((await drain(fs.createReadStream("nope"))).error, { code: "ENOENT", syscall: "open", path: "nope" });
  t.like((await drain(fs.createReadStream("/"))).error, { code: "EISDIR", syscall: "read" });
  const aborted = fs.createReadStream("large", { signal: AbortSignal.abort() });
  t.like((await drain(aborted)).error, { code: "ABORT_ERR" });
});

test("a stream over a descriptor goes on where reading stopped, and closes it by default", async (t) => {
  const { fs } = open();
  const fd = fs.openSync("small", "r");
  fs.readSync(fd, Buffer.alloc(2));
  const { bytes } = await drain(fs.createReadStream("", { fd, autoClose: false }));
  t.is(bytes.toString(), "all\n");
  t.is(fs.readSync(fd, Buffer.alloc(2)), 0);
  await drain(fs.createReadStream("", { fd, start: 0 }));
  t.throws(() => fs.readSync(fd, Buffer.alloc(2)), { code: "EBADF" });
});

test("a handle reads lines, web streams and itself whole", async (t) => {
  const { fs } = open();
  await using handle = await fs.promises.open("small");
  t.is(await text(handle.readableWebStream() as never), "small\n");
  const lines: string[] = [];
  for await (const line of handle.readLines({ start: 0, autoClose: false })) lines.push(line);
  t.deepEqual(lines, ["small"]);
  const { buffers, bytesRead } = await handle.readv([Buffer.alloc(2), Buffer.alloc(9)], 0);
  t.is(bytesRead, 6);
  t.is(Buffer.concat(buffers).subarray(0, 6).toString(), "small\n");
  const other = await fs.promises.open("small");
  t.is(await other.readFile("utf8"), "small\n");
  t.is(await fs.promises.readFile(other, "utf8"), "");
  await other.close();
  await t.throwsAsync(other.read(Buffer.alloc(1)), { code: "EBADF" });
  await t.notThrowsAsync(other.close());
});
