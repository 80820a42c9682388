import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { makeImage } from "../../image-builder/index.ts";
import { verifyImage } from "../../image-builder/verify/index.ts";
import { InvalidImageError } from "../../reader/errors.ts";
import { parseImageAddress } from "../../remote/address.ts";
import { inspectFile, inspectSource } from "../../remote/inspect-source.ts";
import { pushImage } from "../../remote/oci/push.ts";
import { FIXTURES, IMAGES } from "../fixtures.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { sendRange, TestRegistry } from "./oci/test-registry.ts";

const env = { HOME: "/nonexistent" };

/** A server of the bytes of a file; counts its requests. */
async function serve(t: ExecutionContext, bytes: Buffer) {
  const counts = { requests: 0, bytes: 0 };
  const server = createServer((request, response) => {
    const [, first, last] = /(\d+)-(\d+)/.exec(request.headers.range ?? "") ?? [];
    counts.requests++;
    counts.bytes += Number(last) - Number(first) + 1;
    response.setHeader("etag", '"1"');
    sendRange(request, response, bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.teardown(() => server.close().closeAllConnections());
  const address = parseImageAddress(
    `http://127.0.0.1:${(server.address() as AddressInfo).port}/x.img?signature=SECRET`,
  );
  if (address.kind !== "http") throw new TypeError();
  return { address, counts };
}

/** An image of many files, without one that could be in the first bytes. */
async function manyFiles(t: ExecutionContext, withoutLayout: boolean): Promise<string> {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, "site"));
  for (let i = 0; i < 3000; i++)
    writeFileSync(join(folder, `site/${i}.txt`), `${i} ${Math.random()}`.repeat(20));
  const image = join(folder, "x.img");
  await makeImage({ repository: join(folder, "site"), image, withoutLayout });
  return image;
}

test("what inspect shows is what verify finds, of files and elsewhere", async (t) => {
  const registry = await TestRegistry.start(t);
  const paths = [...IMAGES.keys()].map((name) => join(FIXTURES, name));
  for (const path of [...paths, await manyFiles(t, false), await manyFiles(t, true)]) {
    const { description, origin } = inspectFile(path);
    const verified = await verifyImage(path);
    t.deepEqual(origin, { source: path });
    t.is(description.id, verified.commit);
    t.is(description.hash, verified.hash);
    t.is(description.commit.tree, verified.root);
    t.deepEqual(description.commit.author, verified.author);
    t.is(
      description.objects,
      Object.values(verified.objects).reduce((sum, number) => sum + number),
    );
    t.is(description.size, verified.sizes.image);
    t.is(description.indexOffset, verified.sizes.indexOffset);
    t.true(
      description.packSize >= verified.sizes.pack && description.packSize < verified.sizes.pack + 5000,
      path,
    );
    t.is(
      description.sections!.reduce((sum, { length }) => sum + length, 0),
      verified.sizes.layout,
    );
    const { address, counts } = await serve(t, readFileSync(path));
    const remote = await inspectSource(address, { env });
    t.deepEqual(remote.description, description);
    t.deepEqual(remote.origin, { source: address.display });
    t.true(counts.requests <= 6 && counts.bytes <= 64 * 1024 + 5 * 32 * 1024, JSON.stringify(counts));
    const pushed = await pushImage(path, registry.address(), { env });
    const there = await inspectSource(registry.address(), { env });
    t.deepEqual(there.description, description);
    t.is(there.origin.digest, pushed.digest);
    t.is(there.origin.layer, pushed.layer);
    t.is(there.origin.annotations!["org.opencontainers.image.revision"], description.id);
  }
});

test("an image with a layout is inspected by three ranges", async (t) => {
  const { address, counts } = await serve(t, readFileSync(await manyFiles(t, false)));
  await inspectSource(address, { env });
  t.true(counts.requests <= 3, JSON.stringify(counts));
});

test("what is damaged or no image is reported", async (t) => {
  const image = readFileSync(join(FIXTURES, "small.img"));
  const offset = Number(image.readBigUInt64LE(20));
  for (const [start, end] of [
    [0, 4],
    [offset, offset + 4],
    [40, offset - 100],
  ] as const) {
    const damaged = Buffer.from(image).fill(0xfe, start, end);
    const path = join(temporaryFolder(t), "x.img");
    writeFileSync(path, damaged);
    const { address } = await serve(t, damaged);
    const error = t.throws(() => inspectFile(path), { instanceOf: InvalidImageError }, `${start}`);
    await t.throwsAsync(inspectSource(address, { env }), {
      instanceOf: InvalidImageError,
      message: error!.message,
    });
  }
});
