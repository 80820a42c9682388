import { createHash } from "node:crypto";
import { inflateSync } from "node:zlib";
import test from "ava";
import { makeImage, whole as undeltified } from "../../reader/pack-fixture.ts";
import { served } from "./served.ts";
import { INDEX, MOVIE, STORY, siteImage } from "./site-image.ts";

const { image, id, isDelta } = siteImage();
const [delta, whole] = (["story-1.txt", "story-2.txt"] as const).toSorted((path) =>
  isDelta(path) ? -1 : 1,
) as [string, string];
const COMMIT_DATE = "Sat, 10 Oct 2020 08:00:00 GMT";
const sha1 = (bytes: Uint8Array) => createHash("sha1").update(bytes).digest("hex");
const text = (path: string) =>
  path === "story-1.txt" ? STORY : Buffer.concat([STORY, Buffer.from("The end.\n")]);

test("a file is sent with its type, length and tag", async (t) => {
  const { get } = await served(t, image);
  const { status, headers, body } = await get("/docs/guide.txt");
  t.is(status, 200);
  t.is(body.toString(), "Read me first.\n");
  t.is(headers["content-length"], "15");
  t.is(headers["content-type"], "text/plain; charset=utf-8");
  t.is(headers.etag, `"${id("docs/guide.txt")}"`);
  t.is(headers["last-modified"], undefined, "an image does not know when a file was changed");
  t.is(headers["accept-ranges"], "bytes");
  t.is(headers["x-content-type-options"], "nosniff");
  t.is(headers["cache-control"], "no-cache");
  t.is(headers["content-encoding"], undefined);
});

test("HEAD has the fields of GET, and no content", async (t) => {
  const { get } = await served(t, image);
  for (const target of ["/", "/movie.mp4", "/empty.txt", "/nope", "/docs", "/.docteur/"]) {
    const [{ date: _, ...whole }, { date: __, ...head }] = [
      (await get(target)).headers,
      (await get(target, {}, "HEAD")).headers,
    ];
    t.deepEqual(head, whole, target);
    t.is((await get(target, {}, "HEAD")).body.length, 0);
  }
});

test("OPTIONS names the supported methods, and all others are refused", async (t) => {
  const { get } = await served(t, image);
  for (const target of ["/", "*"]) {
    const { status, headers, body } = await get(target, {}, "OPTIONS");
    t.deepEqual([status, headers.allow, body.length], [204, "GET, HEAD, OPTIONS", 0], target);
  }
  for (const method of ["POST", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"]) {
    const { status, headers } = await get("/", {}, method);
    t.deepEqual([status, headers.allow], [405, "GET, HEAD, OPTIONS"], method);
  }
});

test("folders: their index, the slash that is missing, and otherwise nothing", async (t) => {
  const { get } = await served(t, image);
  t.deepEqual((await get("/")).body, INDEX);
  t.regex((await get("/docs/")).body.toString(), /<title>Docs/);
  t.regex((await get("/latest/")).body.toString(), /<title>Docs/, "by a link");
  for (const [target, location] of [
    ["/docs", "/docs/"],
    ["/docs?q=/x", "/docs/?q=/x"],
    ["/latest", "/latest/"],
    ["//docs", "/docs/"],
    ["/%2e%2e//docs", "/docs/"],
    ["/plain/deep", "/plain/deep/"],
    ["/.docteur", "/.docteur/"],
  ]) {
    const { status, headers } = await get(target!);
    t.deepEqual([status, headers.location], [301, location], target);
  }
  for (const target of ["/plain/", "/module/", "/docs/guide.txt/", "/nope", "/nope/", "/index.html/x"]) {
    t.is((await get(target)).status, 404, target);
  }
});

test("no path leads out of the image", async (t) => {
  const { get } = await served(t, image);
  for (const target of [
    "/../../../etc/passwd",
    "/%2e%2e/%2e%2e/etc/passwd",
    "/..%2f..%2fetc%2fpasswd",
    "/docs/..%2f..%2f..%2fetc/passwd",
    "/outside",
    "/docs%2Fguide.txt",
    "/docs/guide.txt%00",
    "/docs\\guide.txt",
  ]) {
    const { status, body } = await get(target);
    t.is(status, 404, target);
    t.notRegex(body.toString(), /root:/);
  }
  t.is((await get("/docs/../index.html")).status, 200);
  for (const target of ["/%", "/%zz", "/a%2"]) t.is((await get(target)).status, 400, target);
});

test("conditions: 304 without content, 412", async (t) => {
  const { get } = await served(t, image);
  const etag = `"${id("docs/guide.txt")}"`;
  const unchanged = await get("/docs/guide.txt", { "if-none-match": etag });
  t.is(unchanged.status, 304);
  t.is(unchanged.body.length, 0);
  t.is(unchanged.headers.etag, etag);
  t.is(unchanged.headers["content-length"], undefined);
  t.is((await get("/docs/guide.txt", { "if-match": '"x"' })).status, 412);
  t.is((await get("/nope", { "if-none-match": "*" })).status, 404);
});

test("parts: 206 with the very bytes, 416", async (t) => {
  const { get } = await served(t, image);
  for (const [path, content] of [
    ["movie.mp4", MOVIE],
    [delta, text(delta)],
    [whole, text(whole)],
  ] as const) {
    for (const [start, end] of [
      [0, 0],
      [5, 1000],
      [70_000, 79_999],
      [content.length - 1, content.length - 1],
    ] as const) {
      const { status, headers, body } = await get(`/${path}`, { range: `bytes=${start}-${end}` });
      t.is(status, 206);
      t.is(headers["content-range"], `bytes ${start}-${end}/${content.length}`);
      t.is(headers["content-length"], String(end - start + 1));
      t.true(body.equals(content.subarray(start, end + 1)), `${path} ${start}-${end}`);
    }
    const last = await get(`/${path}`, { range: "bytes=-100000" });
    t.true(last.body.equals(content.subarray(-100_000)));
    const beyond = await get(`/${path}`, { range: `bytes=${content.length}-` });
    t.is(beyond.status, 416);
    t.is(beyond.headers["content-range"], `bytes */${content.length}`);
  }
  t.is((await get("/empty.txt", { range: "bytes=0-" })).status, 416);
  const head = await get("/movie.mp4", { range: "bytes=0-0" }, "HEAD");
  t.deepEqual([head.status, head.headers["content-length"]], [200, String(MOVIE.length)]);
});

test("a part counts only if the client's rest is of the same file", async (t) => {
  const { get } = await served(t, image);
  const status = async (ifRange: string) =>
    (await get(`/${whole}`, { range: "bytes=1-2", "if-range": ifRange, "accept-encoding": "deflate" }))
      .status;
  t.is(await status(`"${id(whole)}"`), 206);
  t.is(await status(`"${id(whole)}-deflate"`), 200);
  t.is(await status('"x"'), 200);
  t.is(await status(COMMIT_DATE), 200);
});

test("no date in a condition makes an older file pass for the one that is there", async (t) => {
  const [before, now] = [Buffer.from("A first version.\n"), Buffer.from("And the second.\n")];
  // Both commits have the same date, and so have the answers of servers that go by it.
  const [old, current] = await Promise.all(
    [before, now].map((content) => served(t, makeImage({ f: undeltified("blob", content) }))),
  );
  const dates = [COMMIT_DATE, (await old!.get("/f")).headers.date!, new Date(Date.now() + 1e9).toUTCString()];
  for (const date of dates) {
    for (const headers of [
      { "if-modified-since": date },
      { "if-modified-since": date, range: "bytes=2-" },
      { "if-range": date, range: "bytes=2-" },
      { "if-unmodified-since": date, range: "bytes=2-" },
    ] as Record<string, string>[]) {
      const { status, body } = await current!.get("/f", headers);
      if (headers.range !== undefined && headers["if-modified-since"] !== undefined) {
        t.deepEqual([status, body], [206, now.subarray(2)]);
      } else t.deepEqual([status, body], [200, now], JSON.stringify(headers));
      t.is((await current!.get("/f", headers, "HEAD")).status, 200);
    }
  }
});

test("the zlib stream of the PACK is sent as it is, to those who accept it", async (t) => {
  const { get } = await served(t, image);
  const accepting = { "accept-encoding": "deflate" };
  for (const path of [whole, "movie.mp4", "empty.txt", "docs/guide.txt"]) {
    const plain = await get(`/${path}`);
    t.is(plain.headers["content-encoding"], undefined);
    t.is(plain.headers.vary, "Accept-Encoding");
    for (const time of [1, 2]) {
      const { status, headers, body } = await get(`/${path}`, accepting);
      t.is(status, 200);
      t.is(headers["content-encoding"], "deflate");
      t.is(headers.vary, "Accept-Encoding");
      t.is(headers.etag, `"${id(path)}-deflate"`);
      t.is(headers["content-length"], String(body.length));
      t.is(headers["content-type"], plain.headers["content-type"]);
      t.true(image.includes(body), `${path}, time ${time}: it is in the image just so`);
      t.true(inflateSync(body).equals(plain.body));
    }
    t.is((await get(`/${path}`, { ...accepting, "if-none-match": `"${id(path)}-deflate"` })).status, 304);
    t.is((await get(`/${path}`, { ...accepting, "if-none-match": `"${id(path)}"` })).status, 200);
    t.is((await get(`/${path}`, { "if-none-match": `"${id(path)}-deflate"` })).status, 200);
  }
});

test("a file that is a delta is sent as it is to those who accept deflate alone", async (t) => {
  const { get } = await served(t, image);
  t.true(isDelta(delta));
  const { headers, body } = await get(`/${delta}`, { "accept-encoding": "deflate" });
  t.is(headers["content-encoding"], undefined);
  t.is(headers.vary, "Accept-Encoding");
  t.is(headers.etag, `"${id(delta)}"`);
  t.deepEqual(body, text(delta));
});

test("many at once get what they ask for", async (t) => {
  const { get } = await served(t, image);
  const targets = ["/movie.mp4", "/story-1.txt", "/story-2.txt", "/", "/docs/guide.txt"];
  const expected = new Map<string, string>();
  for (const target of targets) expected.set(target, sha1((await get(target)).body));
  const asked = Array.from({ length: 100 }, (_, index) => targets[index % targets.length]!);
  await Promise.all(
    asked.map(async (target, index) => {
      const accepting: Record<string, string> = index % 2 === 0 ? { "accept-encoding": "deflate" } : {};
      const { headers, body } = await get(target, accepting);
      const content = headers["content-encoding"] === "deflate" ? inflateSync(body) : body;
      t.is(sha1(content), expected.get(target)!, target);
    }),
  );
});

test("with --spa, paths that are no files show the root's index", async (t) => {
  const { get } = await served(t, image, { args: ["--spa"] });
  for (const target of ["/nope", "/nope/deeper/", "/plain/"]) {
    const { status, body } = await get(target);
    t.deepEqual([status, body], [200, INDEX], target);
  }
  t.is((await get("/nope.js")).status, 404);
  t.is((await get("/docs/guide.txt")).body.toString(), "Read me first.\n");
});

test("with --index, another file stands for its folder", async (t) => {
  const { get } = await served(t, image, { args: ["--index", "guide.txt"] });
  t.is((await get("/docs/")).body.toString(), "Read me first.\n");
  t.is((await get("/")).status, 404);
});

test("with -v, a line for each answer; without, none", async (t) => {
  const verbose = await served(t, image, { verbose: true });
  await verbose.get("/docs/guide.txt");
  await verbose.get("/nope", {}, "HEAD");
  await verbose.get("/docs/guide.txt", { "accept-encoding": "deflate", "if-none-match": "*" });
  await verbose.get("/movie.mp4", { range: "bytes=0-99" });
  // The lines come when the server knows that the client has it all.
  while (verbose.errors.length < 4) await new Promise((resolve) => setTimeout(resolve, 5));
  t.deepEqual(verbose.errors, [
    "GET /docs/guide.txt 200 15",
    "HEAD /nope 404 0",
    "GET /docs/guide.txt 304 0",
    "GET /movie.mp4 206 100",
  ]);
  const quiet = await served(t, image);
  await quiet.get("/docs/guide.txt");
  t.deepEqual(quiet.errors, []);
});
