import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { constants, deflateSync, gunzipSync, gzipSync, inflateSync } from "node:zlib";
import test, { type ExecutionContext } from "ava";
import { Connections } from "../../../guest/http/connections.ts";
import { Handler } from "../../../guest/http/handler.ts";
import { boundedServer, close } from "../../../guest/http/server.ts";
import { memoryDevice } from "../../../reader/block/memory.ts";
import { connect } from "../../../reader/store/connect.ts";
import { copy, delta, insert, makeImage, ofsDelta, refDelta, whole } from "../../reader/pack-fixture.ts";
import { get, served } from "./served.ts";
import { siteImage } from "./site-image.ts";

const { image, id, isDelta } = siteImage();
const [deltaPath, wholePath] = ["story-1.txt", "story-2.txt"].toSorted((path) =>
  isDelta(path) ? -1 : 1,
) as [string, string];
const BROWSER = { "accept-encoding": "gzip, deflate, br, zstd" };

test("the zlib stream of the PACK is sent as gzip, to those who accept it", async (t) => {
  const { get } = await served(t, image);
  for (const path of [wholePath, "movie.mp4", "empty.txt", "docs/guide.txt"]) {
    const plain = await get(`/${path}`);
    const { body: zlib } = await get(`/${path}`, { "accept-encoding": "deflate" });
    for (const accepted of ["gzip, deflate, br, zstd", "x-gzip", "br, gzip", "*"]) {
      const accepting = { "accept-encoding": accepted };
      const { status, headers, body } = await get(`/${path}`, accepting);
      t.is(status, 200);
      t.is(headers["content-encoding"], "gzip");
      t.is(headers.vary, "Accept-Encoding");
      t.is(headers.etag, `"${id(path)}-gzip"`);
      t.is(headers["content-length"], String(body.length));
      t.is(headers["content-type"], plain.headers["content-type"]);
      t.true(gunzipSync(body).equals(plain.body), path);
      t.true(body.subarray(10, -8).equals(zlib.subarray(2, -4)), "the same deflate data");
      t.true(image.includes(body.subarray(10, -8)));
      const head = await get(`/${path}`, accepting, "HEAD");
      const { date: _, ...fields } = headers;
      const { date: __, ...headFields } = head.headers;
      t.deepEqual(headFields, fields);
    }
  }
});

test("each coding of a file has its own tag, which alone means that it has not changed", async (t) => {
  const { get } = await served(t, image);
  for (const path of ["docs/guide.txt", "movie.mp4", deltaPath]) {
    const codings = path === deltaPath ? ["identity", "gzip"] : ["identity", "gzip", "deflate"];
    const tags = new Map<string, string>();
    for (const coding of codings) {
      const { headers } = await get(`/${path}`, { "accept-encoding": coding });
      t.is(headers["content-encoding"], coding === "identity" ? undefined : coding);
      tags.set(coding, headers.etag!);
    }
    t.is(new Set(tags.values()).size, codings.length);
    for (const coding of codings) {
      for (const [other, tag] of tags) {
        for (const [fields, expected] of [
          [{ "if-none-match": tag }, other === coding ? 304 : 200],
          [{ "if-none-match": `W/${tag}, "x"` }, other === coding ? 304 : 200],
          [{ "if-match": tag }, other === coding ? 200 : 412],
        ] as const) {
          for (const method of ["GET", "HEAD"]) {
            const headers = { "accept-encoding": coding, ...fields } as Record<string, string>;
            const answer = await get(`/${path}`, headers, method);
            t.is(answer.status, expected, `${path} ${JSON.stringify(headers)}`);
            if (expected === 412) continue;
            t.is(answer.headers.etag, tags.get(coding));
            t.is(answer.headers.vary, "Accept-Encoding");
          }
        }
      }
    }
    const all = await get(`/${path}`, { "accept-encoding": "gzip", "if-none-match": "*" });
    t.deepEqual([all.status, all.headers.etag], [304, tags.get("gzip")]);
  }
});

test("a file that was never read is known by its tag", async (t) => {
  const { get } = await served(t, image);
  for (const [path, coding] of [
    ["movie.mp4", "gzip"],
    ["movie.mp4", "deflate"],
    [deltaPath, "gzip"],
  ]) {
    const tag = `"${id(path!)}-${coding}"`;
    const { status } = await get(`/${path}`, { "accept-encoding": coding!, "if-none-match": tag });
    t.is(status, 304);
  }
});

test("a range is one of the file as it is", async (t) => {
  const { get } = await served(t, image);
  for (const path of [wholePath, deltaPath]) {
    const { body } = await get(`/${path}`);
    const part = await get(`/${path}`, { ...BROWSER, range: "bytes=5-9" });
    t.deepEqual([part.status, part.headers["content-encoding"]], [206, undefined]);
    t.is(part.headers.etag, `"${id(path)}"`);
    t.is(part.headers.vary, "Accept-Encoding");
    t.deepEqual(part.body, body.subarray(5, 10));
    const resumed = { ...BROWSER, range: "bytes=5-9", "if-range": `"${id(path)}-gzip"` };
    const whole = await get(`/${path}`, resumed);
    t.deepEqual([whole.status, whole.headers["content-encoding"], whole.body], [200, undefined, body]);
  }
});

test("a large file is sent as gzip in pieces, each coding verified once", async (t) => {
  const { get } = await served(t, image);
  const asked = ["gzip", "deflate", "identity", "gzip"].map((coding) =>
    get("/movie.mp4", { "accept-encoding": coding }),
  );
  const [gzip, deflate, identity, again] = (await Promise.all(asked)).map(({ body }) => body);
  t.true(gunzipSync(gzip!).equals(identity!));
  t.true(inflateSync(deflate!).equals(identity!));
  t.true(again!.equals(gzip!));
});

test("an archive that is gzip itself is not sent as gzip, which browsers would take for it", async (t) => {
  const archive = whole("blob", gzipSync("an archive"));
  const { get } = await served(t, makeImage({ "a.tar.gz": archive, "a.tgz": archive }));
  for (const target of ["/a.tar.gz", "/a.tgz"]) {
    t.is((await get(target, BROWSER)).headers["content-encoding"], "deflate");
    const { headers, body } = await get(target, { "accept-encoding": "gzip" });
    t.is(headers["content-encoding"], undefined);
    t.is(headers.vary, "Accept-Encoding");
    t.deepEqual(body, Buffer.from(archive.data));
  }
});

test("zlib streams of any level and window are sent as gzip", async (t) => {
  const text = Buffer.from("To be or not to be. ".repeat(5000));
  for (const options of [
    { level: 0 },
    { level: 1, windowBits: 9 },
    { level: 9, memLevel: 1 },
    { strategy: constants.Z_HUFFMAN_ONLY },
    { strategy: constants.Z_FIXED },
  ]) {
    const file = { ...whole("blob", text), stream: deflateSync(text, options) };
    const { get } = await served(t, makeImage({ f: file }));
    const { headers, body } = await get("/f", BROWSER);
    t.is(headers["content-encoding"], "gzip");
    t.deepEqual(gunzipSync(body), text);
  }
});

test("a zlib stream that needs a dictionary is damaged, and nothing of it is sent", async (t) => {
  const dictionary = Buffer.from("To be or not to be. ");
  const text = Buffer.from("To be or not to be. ".repeat(50));
  const stream = deflateSync(text, { dictionary });
  t.true((stream[1]! & 0x20) !== 0, "FDICT");
  const { get } = await served(t, makeImage({ f: { ...whole("blob", text), stream } }));
  for (const coding of ["gzip", "deflate", "identity"]) {
    const { status, headers } = await get("/f", { "accept-encoding": coding });
    t.deepEqual([status, headers.etag], [500, undefined]);
  }
});

test("a delta of text is compressed, one of other bytes is not", async (t) => {
  const base = whole("blob", Buffer.from("A line of text.\n".repeat(5000)));
  const content = Buffer.from("A line of text.\n".repeat(4000));
  const changed = refDelta(
    base.id,
    delta(base.data.length, content.length, ...copies(content.length)),
    content,
  );
  const files = { "a.txt": changed, "a.json": changed, "a.svg": changed, "a.png": changed, program: changed };
  const { get } = await served(t, makeImage(files, [base]));
  for (const name of Object.keys(files)) {
    const isText = !["a.png", "program"].includes(name);
    for (const time of [1, 2]) {
      for (const method of ["HEAD", "GET"]) {
        const { status, headers, body } = await get(`/${name}`, BROWSER, method);
        t.is(status, 200);
        t.is(headers["content-encoding"], isText ? "gzip" : undefined, `${name}, time ${time}`);
        t.is(headers.vary, isText ? "Accept-Encoding" : undefined);
        t.is(headers.etag, isText ? `"${changed.id}-gzip"` : `"${changed.id}"`);
        if (method === "HEAD") continue;
        t.is(headers["content-length"], String(body.length));
        t.deepEqual(isText ? gunzipSync(body) : body, content);
      }
      const head = await get(`/${name}`, BROWSER, "HEAD");
      t.is(head.headers["content-length"], (await get(`/${name}`, BROWSER)).headers["content-length"]);
    }
    t.deepEqual((await get(`/${name}`)).body, content);
  }
});

/** Instructions that copy the first bytes of a source. */
function copies(length: number): Buffer[] {
  const made: Buffer[] = [];
  for (let at = 0; at < length; at += 0xffff) made.push(copy(at, Math.min(0xffff, length - at)));
  return made;
}

test("a small delta is not compressed", async (t) => {
  const base = whole("blob", Buffer.alloc(2000, "text "));
  const small = (size: number) =>
    ofsDelta(
      base.id,
      delta(2000, size, copy(0, size - 1), insert("!")),
      Buffer.concat([base.data.subarray(0, size - 1), Buffer.from("!")]),
    );
  const { get } = await served(t, makeImage({ "a.txt": small(1024), "b.txt": small(1025) }, [base]));
  const [a, b] = [await get("/a.txt", BROWSER), await get("/b.txt", BROWSER)];
  t.deepEqual([a.headers["content-encoding"], a.headers.vary, a.body.length], [undefined, undefined, 1024]);
  t.deepEqual([b.headers["content-encoding"], gunzipSync(b.body).length], ["gzip", 1025]);
});

test("a damaged delta gets 500 in each coding", async (t) => {
  const base = whole("blob", Buffer.alloc(5000, "text "));
  const wrong = { ...ofsDelta(base.id, delta(5000, 4000, copy(0, 4000)), Buffer.alloc(4000, "other ")) };
  const { get } = await served(t, makeImage({ "a.txt": wrong }, [base]));
  for (const coding of ["gzip", "identity", "gzip"]) {
    const { status, headers, body } = await get("/a.txt", { "accept-encoding": coding });
    t.is(status, 500);
    t.is(headers.etag, undefined);
    const page = headers["content-encoding"] === "gzip" ? gunzipSync(body) : body;
    t.regex(page.toString(), /The image is damaged here/);
  }
});

test("pages of the server are compressed, with tags of their own", async (t) => {
  const { get } = await served(t, image, { args: ["--listing"] });
  for (const target of ["/.docteur/", "/plain/"]) {
    const plain = await get(target);
    t.is(plain.headers["content-encoding"], undefined);
    t.is(plain.headers.vary, "Accept-Encoding");
    const { status, headers, body } = await get(target, BROWSER);
    t.is(status, 200);
    t.is(headers["content-encoding"], "gzip");
    t.is(headers.vary, "Accept-Encoding");
    t.is(headers["content-length"], String(body.length));
    t.is(headers["content-type"], "text/html; charset=utf-8");
    t.is(headers["content-security-policy"], plain.headers["content-security-policy"]);
    t.deepEqual(gunzipSync(body), plain.body);
    t.not(headers.etag, plain.headers.etag);
    const again = await get(target, BROWSER);
    t.deepEqual([again.headers.etag, again.body], [headers.etag, body], "the same each time");
    const { date: _, ...head } = (await get(target, BROWSER, "HEAD")).headers;
    const { date: __, ...fields } = headers;
    t.deepEqual(head, fields);
    const unchanged = await get(target, { ...BROWSER, "if-none-match": headers.etag! });
    t.deepEqual([unchanged.status, unchanged.headers.etag], [304, headers.etag]);
    t.is(unchanged.headers.vary, "Accept-Encoding");
    t.is((await get(target, { "if-none-match": headers.etag! })).status, 200);
    t.is((await get(target, { ...BROWSER, "if-none-match": plain.headers.etag! })).status, 200);
    t.is((await get(target, { ...BROWSER, "if-match": plain.headers.etag! })).status, 412);
  }
});

test("pages of errors are compressed", async (t) => {
  const { get } = await served(t, image);
  const plain = await get("/nope");
  for (const time of [1, 2]) {
    const { status, headers, body } = await get("/nope", BROWSER);
    t.deepEqual([status, headers["content-encoding"], headers.vary], [404, "gzip", "Accept-Encoding"]);
    t.is(headers["content-length"], String(body.length));
    t.deepEqual(gunzipSync(body), plain.body, `time ${time}`);
  }
});

/** Serves an image by a clock that stands still until a test sets it. */
async function servedByClock(t: ExecutionContext, image: Uint8Array) {
  const clock = { now: 0 };
  const errors: string[] = [];
  const connections = new Connections();
  const handler = new Handler(connect(memoryDevice(image)), {
    ...{ site: { index: "index.html", listing: true, spa: false }, hosts: undefined },
    now: () => clock.now,
    complain: (message) => errors.push(message),
    abortSlowestResponse: () => connections.abortSlowestResponse(),
  });
  const server = boundedServer(connections, (request, response) => handler.handle(request, response));
  server.listen(0, "127.0.0.1");
  t.teardown(() => close([server], connections));
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { port, clock, errors };
}

test("when the limit of compressing is reached, deltas and pages are sent as they are", async (t) => {
  const size = 1_500_000;
  const base = whole("blob", Buffer.alloc(size, "A text that is long. "));
  const files = Object.fromEntries(
    Array.from({ length: 8 }, (_, i) => {
      const content = Buffer.concat([base.data.subarray(0, size - 1), Buffer.of(48 + i)]);
      const bytes = delta(size, size, copy(0, size - 1), insert(Buffer.of(48 + i)));
      return [`${i}.txt`, ofsDelta(base.id, bytes, content)];
    }),
  );
  const { port, clock, errors } = await servedByClock(t, makeImage(files, [base]));
  const ask = async (target: string, more: Record<string, string> = {}, method = "GET") => {
    const answer = await get(port, target, { ...BROWSER, ...more }, method);
    return { ...answer, coding: answer.headers["content-encoding"] };
  };
  const codings: (string | undefined)[] = [];
  for (const name of Object.keys(files)) codings.push((await ask(`/${name}`)).coding);
  // 5 of them fit in what can be saved up, 8 MiB; the rest is not enough for another.
  t.deepEqual(codings, [...Array(5).fill("gzip"), ...Array(3).fill(undefined)]);
  const [gzipTag, plainTag] = [`"${files["7.txt"]!.id}-gzip"`, `"${files["7.txt"]!.id}"`];
  for (const method of ["GET", "HEAD"]) {
    const { status, headers, coding, body } = await ask("/7.txt", {}, method);
    t.deepEqual([status, coding, headers.etag, headers.vary], [200, undefined, plainTag, "Accept-Encoding"]);
    t.is(headers["content-length"], String(size));
    t.is(body.length, method === "GET" ? size : 0);
  }
  t.is((await ask("/7.txt", { "if-none-match": gzipTag })).status, 304, "nothing is to be compressed");
  t.is((await ask("/7.txt", { "if-none-match": plainTag })).status, 304, "what would be sent");
  t.is((await ask("/0.txt")).coding, "gzip", "it is kept");
  // Something is left for pages, until that is spent too.
  const pages = await Promise.all(Array.from({ length: 3 }, () => ask("/")));
  for (const { coding } of pages) t.is(coding, "gzip");
  clock.now += 2000;
  t.is((await ask("/7.txt")).coding, "gzip");
  t.deepEqual(errors, []);
});

test("a folder's page is sent as it is when nothing can be compressed", async (t) => {
  const size = 4 * 1024 * 1024 - 16 * 1024;
  const bases = ["a", "b"].map((letter) => whole("blob", Buffer.alloc(size, letter)));
  const files = Object.fromEntries(
    bases.map(({ id, data }, i) => {
      const bytes = delta(size, size, copy(0, size - 1), insert("!"));
      return [`${i}.txt`, ofsDelta(id, bytes, Buffer.concat([data.subarray(0, -1), Buffer.from("!")]))];
    }),
  );
  const { port, clock } = await servedByClock(t, makeImage(files, bases));
  for (const name of Object.keys(files)) {
    t.is((await get(port, `/${name}`, BROWSER)).headers["content-encoding"], "gzip");
  }
  const plain = await get(port, "/");
  const refused = await get(port, "/", BROWSER);
  t.is(refused.headers["content-encoding"], undefined);
  t.is(refused.headers.etag, plain.headers.etag);
  t.is(refused.headers.vary, "Accept-Encoding");
  t.deepEqual(refused.body, plain.body);
  t.is((await get(port, "/", { ...BROWSER, "if-none-match": plain.headers.etag! })).status, 304);
  clock.now += 100;
  const made = await get(port, "/", BROWSER);
  t.is(made.headers["content-encoding"], "gzip");
  t.deepEqual(gunzipSync(made.body), plain.body);
});

test("one compressed delta is shared by many who ask at once", async (t) => {
  const { get } = await served(t, image);
  const answers = await Promise.all(
    Array.from({ length: 40 }, (_, i) =>
      get(`/${deltaPath}`, { "accept-encoding": i % 2 === 0 ? "gzip" : "identity" }),
    ),
  );
  const plain = answers[1]!.body;
  for (const [i, { status, headers, body }] of answers.entries()) {
    t.is(status, 200);
    t.is(headers["content-encoding"], i % 2 === 0 ? "gzip" : undefined);
    t.true((i % 2 === 0 ? gunzipSync(body) : body).equals(plain));
  }
});
