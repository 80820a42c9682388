import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { listImages, pruneTo } from "../../remote/cache/blocks-folder.ts";
import { openDiskCache } from "../../remote/cache/disk-cache.ts";
import { Notes } from "../../remote/cache/notes.ts";
import { freshness } from "../../remote/http/freshness.ts";
import { layerHead, layerTail } from "../../remote/oci/layer.ts";
import { openRemoteImage, type RemoteOptions } from "../../remote/open.ts";
import type { Source } from "../../remote/source.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { address, answerRange, CONTENT, ENV, fails, type Parts, startServer } from "./http/server.ts";
import { TestRegistry } from "./oci/test-registry.ts";

/** Makes a folder the cache's for one test. The tests of this file run one after the other. */
function ownCache(t: ExecutionContext): string {
  const folder = temporaryFolder(t);
  const before = process.env.XDG_CACHE_HOME;
  process.env.XDG_CACHE_HOME = folder;
  t.teardown(() => {
    if (before === undefined) delete process.env.XDG_CACHE_HOME;
    else process.env.XDG_CACHE_HOME = before;
  });
  return join(folder, "docteur/blocks");
}

async function read(url: Parameters<typeof openRemoteImage>[0], at: number, options: RemoteOptions = {}) {
  await using image = await openRemoteImage(url, { env: ENV, deadline: 20, ...options });
  return Buffer.from(await image.read(at, 1000));
}

const right = (at: number, content = CONTENT) => content.subarray(at, at + 1000);

async function startImage(t: ExecutionContext, parts: Parts) {
  const server = await startServer(t, (request, response) => answerRange(request, response, parts));
  return {
    server,
    url: address(`${server.origin}/disk.img`),
    ranges: () => server.requests.map(({ headers }) => headers.range),
  };
}

test.serial("of an image that the cache has, the server is asked for one byte", async (t) => {
  ownCache(t);
  const { url, ranges } = await startImage(t, {});
  t.deepEqual(await read(url, 10), right(10));
  t.deepEqual(await read(url, 10), right(10));
  t.deepEqual(ranges(), ["bytes=0-65535", "bytes=0-0"]);
});

test.serial("an image that is another one now is read anew", async (t) => {
  ownCache(t);
  const parts: Parts = {};
  const { url } = await startImage(t, parts);
  await read(url, 10);
  parts.headers = { etag: '"two"' };
  parts.content = Buffer.alloc(200_000, "x");
  t.deepEqual(await read(url, 10), right(10, parts.content));
  t.deepEqual(await read(url, 150_000), right(150_000, parts.content));
});

test.serial("while an answer is fresh, the server is asked for what is missing alone", async (t) => {
  ownCache(t);
  const { url, ranges } = await startImage(t, { headers: { "cache-control": "public, max-age=1000" } });
  await read(url, 10);
  await read(url, 10);
  t.deepEqual(ranges(), ["bytes=0-65535"]);
  t.deepEqual(await read(url, 700_000), right(700_000));
  t.deepEqual(ranges().slice(1), ["bytes=655360-720895"]);
  await read(url, 10, { revalidate: true });
  t.is(ranges().at(-1), "bytes=0-0");
});

test.serial("an image that changes while its answer is fresh is said to have changed, once", async (t) => {
  ownCache(t);
  const parts: Parts = { headers: { "cache-control": "max-age=1000" } };
  const { url } = await startImage(t, parts);
  await read(url, 10);
  parts.headers = { ...parts.headers, etag: '"two"' };
  parts.content = Buffer.alloc(CONTENT.length, "x");
  t.deepEqual(await read(url, 10), right(10), "as the server has allowed");
  await fails(t, read(url, 700_000), "SOURCE_CHANGED", /disk\.img/);
  t.deepEqual(await read(url, 700_000), right(700_000, parts.content));
});

test.serial("where a redirect leads to may be fresh; where it leads from is asked again", async (t) => {
  ownCache(t);
  const server = await startServer(t, (request, response) => {
    if (request.url === "/latest.img") return void response.writeHead(302, { location: "/one.img" }).end();
    answerRange(request, response, { headers: { "cache-control": "max-age=1000" } });
  });
  await read(address(`${server.origin}/latest.img`), 10);
  await read(address(`${server.origin}/latest.img`), 10);
  t.is(server.requests.filter(({ url }) => url === "/latest.img").length, 2);
});

test("an answer is fresh for max-age less Age, and only if the server says so", (t) => {
  const of = (headers: Record<string, string>) => freshness({ headers });
  t.is(of({}), 0);
  t.is(of({ "cache-control": "max-age=60" }), 60);
  t.is(of({ "cache-control": 'Public , MAX-AGE="60"', age: "20" }), 40);
  t.is(of({ "cache-control": "max-age=60", age: "70" }), 0);
  t.is(of({ "cache-control": "max-age=60", age: "x" }), 0);
  for (const text of [
    "no-cache, max-age=60",
    "max-age=60,no-store",
    "max-age=-1",
    "max-age=x",
    "s-maxage=60",
  ])
    t.is(of({ "cache-control": text }), 0, text);
  t.is(of({ "cache-control": "max-age=999999999" }), 24 * 60 * 60);
});

test.serial("what a digest means is asked once, and its layer alone for what is missing", async (t) => {
  ownCache(t);
  const registry = await TestRegistry.start(t);
  const layer = Buffer.concat([layerHead(CONTENT.length), CONTENT, layerTail(CONTENT.length)]);
  const digest = registry.image("v1", layer);
  const pinned = registry.address(`docs/site@${digest}`);
  t.deepEqual(await read(pinned, 10), right(10));
  const asked = () =>
    registry.seen
      .filter(({ url }) => url !== "/v2/")
      .map(({ url, headers }) => [url.split("/").at(-2), headers.range]);
  const before = asked().length;
  t.deepEqual(await read(pinned, 10), right(10));
  t.is(asked().length, before);
  t.deepEqual(await read(pinned, 700_000), right(700_000));
  t.deepEqual(asked().slice(before), [["blobs", "bytes=656384-721919"]]);
  // A tag may mean something else by now.
  await read(registry.address("docs/site:v1"), 10);
  t.true(
    asked()
      .slice(before + 1)
      .some(([kind]) => kind === "manifests"),
  );
});

test.serial(
  "of many that open an address at once, one asks, and an error of it is not the others'",
  async (t) => {
    ownCache(t);
    const { url, ranges } = await startImage(t, { headers: { "cache-control": "max-age=1000" } });
    const all = await Promise.all(Array.from({ length: 20 }, () => read(url, 10)));
    t.true(all.every((bytes) => bytes.equals(right(10))));
    t.deepEqual(ranges(), ["bytes=0-65535"]);
    let first = true;
    const server = await startServer(t, (request, response) => {
      if (first) response.writeHead(404).end();
      else answerRange(request, response);
      first = false;
    });
    const other = address(`${server.origin}/disk.img`);
    const ends = await Promise.allSettled(Array.from({ length: 3 }, () => read(other, 10)));
    t.deepEqual(ends.map(({ status }) => status).sort(), ["fulfilled", "fulfilled", "rejected"]);
  },
);

test.serial("a note that is damaged is none, and pruning all leaves none", async (t) => {
  const blocks = ownCache(t);
  const notes = new Notes(openDiskCache(1e9)!);
  const source = { start: new Uint8Array(0), key: "key", size: 0, display: "fake://x" } as Source;
  const open = async () => {
    let known = false;
    const byNote = (note: string) => {
      known = note === "a note";
      return source;
    };
    await notes.openInTurn("name", byNote, async () => ({ source, note: "a note" }));
    return known;
  };
  t.false(await open());
  t.true(await open());
  const [name] = readdirSync(join(blocks, "notes")) as [string];
  const file = join(blocks, "notes", name);
  t.is(statSync(file).mode & 0o77, 0);
  const bytes = readFileSync(file);
  bytes[bytes.length - 1]! ^= 1;
  writeFileSync(file, bytes);
  t.is(notes.get("name"), undefined);
  t.false(await open());
  t.deepEqual(await listImages(blocks), []);
  await pruneTo(blocks, 0);
  t.is(notes.get("name"), undefined);
});
