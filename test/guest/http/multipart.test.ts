import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import test from "ava";
import fc from "fast-check";
import { Contents, contentInMemory } from "../../../guest/http/contents.ts";
import { sendParts } from "../../../guest/http/multipart.ts";
import { parseRange } from "../../../guest/http/range.ts";
import { Site } from "../../../guest/http/site.ts";
import { open } from "../../reader/pack-fixture.ts";
import { type Answer, get, served } from "./served.ts";
import { MOVIE, STORY, siteImage } from "./site-image.ts";

const { image, id } = siteImage();

/** Takes an answer of several parts to pieces, and fails where it is not exactly what RFC 2046 says. */
function partsOf({
  headers,
  body,
}: Answer): { type: string; start: number; end: number; size: number; bytes: Buffer }[] {
  const boundary = /^multipart\/byteranges; boundary=([0-9a-f]{32})$/.exec(headers["content-type"]!)![1]!;
  if (headers["content-length"] !== String(body.length)) throw new Error("another length than announced");
  const parts: ReturnType<typeof partsOf> = [];
  let rest = body;
  const take = (pattern: RegExp) => {
    const found = pattern.exec(rest.subarray(0, 500).toString("latin1"));
    if (found === null) throw new Error(`no ${pattern} at ${rest.subarray(0, 200).toString("latin1")}`);
    rest = rest.subarray(found[0].length);
    return found;
  };
  const end = `--${boundary}--\r\n`;
  while (!rest.toString("latin1", 0, end.length).startsWith(end)) {
    const [, type, first, last, size] = take(
      new RegExp(`^--${boundary}\r\nContent-Type: (.+)\r\nContent-Range: bytes (\\d+)-(\\d+)/(\\d+)\r\n\r\n`),
    );
    const length = Number(last) + 1 - Number(first);
    const bytes = rest.subarray(0, length);
    parts.push({ type: type!, start: Number(first), end: Number(last) + 1, size: Number(size), bytes });
    rest = rest.subarray(length);
    take(/^\r\n/);
  }
  if (rest.length !== end.length) throw new Error("something follows the last boundary");
  return parts;
}

for (const [path, content, type] of [
  ["movie.mp4", MOVIE, "video/mp4"],
  ["story-1.txt", STORY, "text/plain; charset=utf-8"],
  ["story-2.txt", Buffer.concat([STORY, Buffer.from("The end.\n")]), "text/plain; charset=utf-8"],
] as const) {
  test(`several parts of ${path} are sent as multipart/byteranges, in the order of the request`, async (t) => {
    const { get } = await served(t, image);
    const range = "bytes=-7, 0-0, 70000-79999, 5000-5000, 9999999-, 5010-5020";
    for (const time of [1, 2]) {
      const answer = await get(`/${path}`, { range, "accept-encoding": "deflate" });
      t.is(answer.status, 206, `time ${time}`);
      t.is(answer.headers["content-range"], undefined);
      t.is(answer.headers["content-encoding"], undefined);
      t.is(answer.headers["accept-ranges"], "bytes");
      t.is(answer.headers.etag, `"${id(path)}"`);
      const parts = partsOf(answer);
      t.deepEqual(
        parts.map(({ start, end }) => [start, end]),
        [
          [content.length - 7, content.length],
          [0, 1],
          [70_000, 80_000],
          [5000, 5021],
        ],
      );
      for (const part of parts) {
        t.is(part.type, type);
        t.is(part.size, content.length);
        t.true(part.bytes.equals(content.subarray(part.start, part.end)), `${part.start}`);
      }
    }
  });
}

test("ranges that become one part get a plain 206", async (t) => {
  const { get } = await served(t, image);
  for (const range of ["bytes=10-19,0-9", "bytes=0-3,5-9,19-,0-19,9999999-", "bytes=0-,-1"]) {
    const { status, headers, body } = await get("/story-1.txt", { range });
    t.is(status, 206);
    const [, first, last] = /^bytes (\d+)-(\d+)\/\d+$/.exec(headers["content-range"]!)!;
    t.true(body.equals(STORY.subarray(Number(first), Number(last) + 1)));
    t.is(headers["content-type"], "text/plain; charset=utf-8");
    t.is(headers["content-length"], String(body.length));
  }
});

test("conditions and methods count for several parts as for one", async (t) => {
  const { get } = await served(t, image);
  const range = "bytes=0-0,500-500";
  const status = async (more: Record<string, string>, method = "GET") =>
    (await get("/movie.mp4", { range, ...more }, method)).status;
  t.is(await status({ "if-range": `"${id("movie.mp4")}"` }), 206);
  t.is(await status({ "if-range": '"x"' }), 200);
  t.is(await status({ "if-none-match": "*" }), 304);
  t.is(await status({ "if-match": '"x"' }), 412);
  t.is(await status({}, "HEAD"), 200);
  t.is(await status({ range: "bytes=9999999-,-0" }), 416);
  t.is(await status({ range: "bytes=0-0,5-4" }), 200);
  const seventeen = Array.from({ length: 17 }, (_, index) => `${1000 * index}-${1000 * index}`).join();
  const all = await get("/movie.mp4", { range: `bytes=${seventeen}` });
  t.deepEqual([all.status, all.body.length], [200, MOVIE.length]);
});

test("sixteen parts of a large file that are requested from its end to its front are sent in one pass", async (t) => {
  const store = open(image);
  const found = new Site(store, { index: "index.html", listing: false, spa: false }).find("/movie.mp4");
  if (found.kind !== "file") return t.fail();
  const content = await new Contents(store).identity(found);
  t.is(content.bytes, undefined, "it is a stream");
  const starts: number[] = [];
  const counted = {
    ...content,
    pieces: (part: { start: number; end: number }) => {
      starts.push(part.start);
      return content.pieces(part);
    },
  };
  const descending = Array.from({ length: 16 }, (_, index) => (15 - index) * 190_000);
  const range = `bytes=${descending.map((start) => `${start}-${start + 999}`).join()}`;
  const parts = parseRange(range, MOVIE.length);
  if (!Array.isArray(parts)) return t.fail();
  const server = createServer((_, response) => {
    sendParts(response, ["Content-Type", "video/mp4"], counted, parts);
  }).listen(0, "127.0.0.1");
  t.teardown(() => server.close());
  await once(server, "listening");
  const sent = partsOf(await get((server.address() as AddressInfo).port, "/"));
  t.deepEqual(starts, descending.toReversed());
  for (const { start, end, bytes } of sent) t.true(bytes.equals(MOVIE.subarray(start, end)));
  content.close();
});

test("a stream gives parts in any order", async (t) => {
  const store = open(image);
  const found = new Site(store, { index: "index.html", listing: false, spa: false }).find("/movie.mp4");
  if (found.kind !== "file") return t.fail();
  const content = await new Contents(store).identity(found);
  t.teardown(() => content.close());
  const part = fc
    .tuple(fc.nat(MOVIE.length - 1), fc.integer({ min: 1, max: 300_000 }))
    .map(([start, length]) => ({ start, end: Math.min(start + length, MOVIE.length) }));
  await fc.assert(
    fc.asyncProperty(fc.array(part, { minLength: 1, maxLength: 5 }), async (parts) => {
      for (const each of parts) {
        const pieces: Uint8Array[] = [];
        for await (const piece of content.pieces(each)) pieces.push(piece);
        t.true(Buffer.concat(pieces).equals(MOVIE.subarray(each.start, each.end)));
      }
    }),
    { numRuns: 20 },
  );
});

test("a content in memory is sent in the order of the request", async (t) => {
  const content = contentInMemory(STORY);
  const parts = [50_000, 40_000, 30_000, 20_000, 10_000, 0].map((start) => ({ start, end: start + 10 }));
  const server = createServer((_, response) => {
    sendParts(response, ["X", "y", "Content-Type", "text/plain"], content, parts);
  }).listen(0, "127.0.0.1");
  t.teardown(() => server.close());
  await once(server, "listening");
  const sent = partsOf(await get((server.address() as AddressInfo).port, "/"));
  t.deepEqual(
    sent.map(({ start, end }) => ({ start, end })),
    parts,
  );
});
