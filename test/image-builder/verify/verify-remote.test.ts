import { randomBytes } from "node:crypto";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { DamagedImageError, makeImage, verifyImage } from "../../../image-builder/index.ts";
import { verifyTwice } from "../../../image-builder/verify/verify-remote.ts";
import { InvalidImageError } from "../../../reader/errors.ts";
import { BLOCK_SIZE, type BlockCache } from "../../../remote/block-cache.ts";
import { Blocks } from "../../../remote/blocks.ts";
import { FakeSource } from "../../remote/fake-source.ts";
import { startRangeServer } from "../../remote/range-server.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import { commitAll, git, writeFiles } from "../sandbox.ts";

/** An image of a PACK that is worth several threads. */
async function largeImage(t: ExecutionContext): Promise<string> {
  const folder = temporaryFolder(t);
  git(folder, ["init", "--quiet", "source"]);
  const source = join(folder, "source");
  for (let index = 0; index < 20; index++) {
    writeFiles(source, {
      [`noise/${index}`]: randomBytes(300_000),
      [`text/${index}`]: `${index}\n`.repeat(5000),
    });
  }
  commitAll(source, "Large");
  const image = join(folder, "x.img");
  await makeImage({ repository: source, image });
  return image;
}

/** A cache in memory. */
function memoryCache() {
  const blocks = new Map<number, Uint8Array>();
  const cache: BlockCache = {
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
  return { blocks, cache };
}

/** A source whose reads of the block `at` bring a wrong byte so many times. */
class FlippingSource extends FakeSource {
  readonly #at: number;
  #times: number;

  constructor(bytes: Uint8Array, at: number, times: number) {
    super(bytes, { start: BLOCK_SIZE });
    this.#at = at;
    this.#times = times;
  }

  override async read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
    const bytes = await super.read(offset, length, signal);
    if (this.#at >= offset && this.#at < offset + length && this.#times-- > 0) bytes[this.#at - offset]! ^= 1;
    return bytes;
  }
}

test("an image behind a server is verified to the same result as the file", async (t) => {
  const image = await largeImage(t);
  const url = await startRangeServer(t, image);
  const options = { source: { cacheSize: 0, env: { HOME: "/nonexistent" } } };
  let reports = 0;
  const found = await verifyImage(url, { ...options, onProgress: () => reports++ });
  t.deepEqual(found, await verifyImage(image));
  const requests = Number(await (await fetch(new URL("/requests", url))).text());
  // How many blocks a request has depends on how busy the machine is.
  const blocks = Math.ceil(statSync(image).size / BLOCK_SIZE);
  t.true(requests < blocks, `${requests} requests for ${blocks} blocks`);
});

test("a block that is wrong in the cache is fetched once more before anything is called damaged", async (t) => {
  const image = await largeImage(t);
  const bytes = new Uint8Array(readFileSync(image));
  const { blocks, cache } = memoryCache();
  for (const wrong of [1, 20, Math.floor(bytes.length / BLOCK_SIZE)]) {
    blocks.set(wrong, new Uint8Array(Math.min(BLOCK_SIZE, bytes.length - wrong * BLOCK_SIZE)));
  }
  const source = new FakeSource(bytes, { start: BLOCK_SIZE });
  await using remote = new Blocks(source, { cache });
  const { verification } = await verifyTwice(remote, {});
  t.is(verification.commit, (await verifyImage(image)).commit);
  for (const [block, kept] of blocks) {
    t.is(Buffer.compare(kept, bytes.subarray(block * BLOCK_SIZE, (block + 1) * BLOCK_SIZE)), 0);
  }
});

test("a byte that arrives wrong once is none of the image's faults; one that always does is", async (t) => {
  const image = await largeImage(t);
  const bytes = readFileSync(image);
  const at = 3_000_000;
  {
    await using remote = new Blocks(new FlippingSource(new Uint8Array(bytes), at, 1));
    await verifyTwice(remote, {});
  }
  const { blocks, cache } = memoryCache();
  await using remote = new Blocks(new FlippingSource(new Uint8Array(bytes), at, 1_000), { cache });
  bytes[at]! ^= 1;
  writeFileSync(image, bytes);
  const expected = await t.throwsAsync(verifyImage(image, { keepGoing: true }), {
    instanceOf: DamagedImageError,
  });
  const found = await t.throwsAsync(verifyTwice(remote, { keepGoing: true }), {
    instanceOf: DamagedImageError,
  });
  t.is(found.message, expected.message);
  t.deepEqual(
    found.damages.map(({ message }) => message),
    expected.damages.map(({ message }) => message),
  );
  t.false(blocks.has(Math.floor(at / BLOCK_SIZE)), "what is damaged is not kept");
});

test("what is no image is that, at once", async (t) => {
  for (const bytes of [new Uint8Array(10), new Uint8Array(randomBytes(300_000)), new Uint8Array(200_000)]) {
    await using remote = new Blocks(new FakeSource(bytes, { start: BLOCK_SIZE }));
    await t.throwsAsync(verifyTwice(remote, {}), { instanceOf: InvalidImageError });
  }
});

test("the failure of a source is thrown as it is, and is no damage", async (t) => {
  const bytes = new Uint8Array(readFileSync(await largeImage(t)));
  const source = new FakeSource(bytes, { start: BLOCK_SIZE, fails: (read) => read >= 4 });
  await using remote = new Blocks(source);
  const error = await t.throwsAsync(verifyTwice(remote, {}), { code: "SOURCE_UNREACHABLE" });
  t.regex(error.message, /^fake:\/\/image: read \d+ fails$/);
});

test("an abort ends a verification that waits for the source", async (t) => {
  const bytes = new Uint8Array(readFileSync(await largeImage(t)));
  const source = new FakeSource(bytes, { start: BLOCK_SIZE, delay: (read) => (read > 3 ? 1_000_000 : 0) });
  await using remote = new Blocks(source);
  const end = new AbortController();
  const verified = verifyTwice(remote, { signal: end.signal });
  const reason = new Error("enough");
  while (source.reads.length < 5) await new Promise((resolve) => setTimeout(resolve, 5));
  end.abort(reason);
  await t.throwsAsync(verified, { is: reason });
});
