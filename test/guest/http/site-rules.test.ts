import test from "ava";
import { serve } from "../../../guest/unikernels/serve.ts";
import { memoryDevice } from "../../../reader/block/memory.ts";
import { createFs } from "../../../reader/fs/create-fs.ts";
import { connect } from "../../../reader/store/connect.ts";
import { served } from "./served.ts";
import { imageOf } from "./static-site.ts";

const FILES = {
  "index.html": "home\n",
  "about.html": "about\n",
  "docs/index.html": "docs\n",
  "assets/app.3f9a2b1c.js": "app\n",
  "assets/plain.js": "plain\n",
  "empty/x.txt": "x\n",
  latest: "->docs",
  "_rules-link": "->_redirects",
  _redirects: `# Redirects
/old /about.html
/temporary /about.html 302
/shadowed /nope.html
/about.html /nope 301
/docs/ /moved 301!
/empty /from-empty 301
/gone/* /about.html 404
/app/* /index.html 200
/news/:slug /blog/:slug?from=news 308
/search /find 307
/elsewhere/* https://example.com/:splat 303
/self /self 301
/a /b
/b /a
/c /a
/trailing /trailing/ 301
/grow/* /grow/more/:splat
/chain /old
/missing-target /nope.html 200
/hidden /_headers 200
/ /us 302 Country=us
/proxy/* https://api.example.com/:splat 200
`,
  _headers: `/*
  X-Frame-Options: DENY
  Basic-Auth: me:secret
/assets/*
  Cache-Control: public, max-age=31536000, immutable
  X-File: :splat
  Content-Type: text/x-script
  ETag: "x"
/about.html
  ! X-Frame-Options
  Content-Security-Policy: default-src 'self'
  Set-Cookie: a=1
  Set-Cookie: b=2
`,
};

const image = imageOf(FILES);
const RULES = ["--redirects", "/_redirects", "--headers", "/_headers"];

const REPORTED = [
  "serve: /_headers:3: ignored: Basic-Auth is not supported: the server asks for no password here",
  "serve: /_headers:8: ignored: the server alone sets ETag",
  "serve: /_redirects:22: ignored: the condition Country is not supported",
  "serve: /_redirects:23: ignored: a file of another host (a proxy) is not supported: the machine reaches no network",
];

test("redirects, rewrites and what they cannot do", async (t) => {
  const { get, errors } = await served(t, image, { args: RULES });
  t.deepEqual(errors, REPORTED);
  for (const [target, status, result] of [
    ["/old", 301, "/about.html"],
    ["/old/", 301, "/about.html"],
    ["/old?x=1", 301, "/about.html?x=1"],
    ["/temporary", 302, "/about.html"],
    // A file comes before a rule without a mark, and a rule with one before a file.
    ["/about.html", 200, "about\n"],
    ["/docs/", 301, "/moved"],
    // A folder without index is no file.
    ["/empty", 301, "/from-empty"],
    ["/gone/x", 404, "about\n"],
    ["/app/deep/er", 200, "home\n"],
    ["/app/file.js", 200, "home\n"],
    ["/news/a%20b", 308, "/blog/a%20b?from=news"],
    ["/search?q=1", 307, "/find?q=1"],
    ["/elsewhere/a/b", 303, "https://example.com/a/b"],
    // Redirects without end are none.
    ["/self", 404, undefined],
    ["/a", 404, undefined],
    ["/b", 404, undefined],
    ["/c", 404, undefined],
    ["/trailing", 301, "/trailing/"],
    ["/trailing/", 404, undefined],
    ["/grow/x", 404, undefined],
    ["/chain", 301, "/old"],
    ["/missing-target", 404, undefined],
    ["/latest/", 200, "docs\n"],
    // Files of rules are not served, by whatever path.
    ["/_headers", 404, undefined],
    ["/_redirects", 404, undefined],
    ["/_rules-link", 404, undefined],
    ["/hidden", 404, undefined],
    ["/docs/..//%5fheaders", 404, undefined],
  ] as const) {
    const answer = await get(target);
    t.is(answer.status, status, target);
    if (status < 300 || (status === 404 && result !== undefined))
      t.is(answer.body.toString(), result!, target);
    else t.is(answer.headers.location, result, target);
    if (status > 300) t.is(answer.headers["cache-control"], "no-cache", target);
  }
  t.is((await get("/old", {}, "HEAD")).headers.location, "/about.html");
  const rewritten = await get("/app/x");
  t.is(rewritten.headers["content-type"], "text/html; charset=utf-8");
  t.is((await get("/app/y", { "if-none-match": rewritten.headers.etag! })).status, 304);
});

test("header rules apply to files, also to 304, 206 and HEAD, and to what is missing", async (t) => {
  const { get } = await served(t, image, { args: RULES });
  const target = "/assets/app.3f9a2b1c.js";
  const whole = await get(target);
  t.is(whole.headers["x-frame-options"], "DENY");
  t.is(whole.headers["cache-control"], "public, max-age=31536000, immutable");
  t.is(whole.headers["x-file"], "app.3f9a2b1c.js");
  t.is(whole.headers["content-type"], "text/x-script");
  t.is(whole.headers["basic-auth"], undefined);
  const tag = whole.headers.etag!;
  t.regex(tag, /^"[0-9a-f]{40}"$/);
  const unchanged = await get(target, { "if-none-match": tag });
  t.is(unchanged.status, 304);
  t.is(unchanged.headers["cache-control"], "public, max-age=31536000, immutable");
  const part = await get(target, { range: "bytes=0-1" });
  t.deepEqual([part.status, part.body.toString(), part.headers["x-frame-options"]], [206, "ap", "DENY"]);
  const { date: _, ...head } = (await get(target, {}, "HEAD")).headers;
  const { date: __, ...full } = (await get(target)).headers;
  t.deepEqual(head, full);
  const about = (await get("/about.html")).headers;
  t.is(about["x-frame-options"], undefined);
  t.is(about["content-security-policy"], "default-src 'self'");
  t.deepEqual(about["set-cookie"], ["a=1", "b=2"]);
  const missing = await get("/assets/nope.3f9a2b1c.js");
  t.is(missing.status, 404);
  t.is(missing.headers["x-frame-options"], "DENY");
  t.is(missing.headers["cache-control"], "no-cache", "the next image may have it");
  t.is(missing.headers["content-type"], "text/html; charset=utf-8");
  t.is((await get("/.docteur/")).headers["x-frame-options"], undefined, "that page is the server's");
});

test("a page that the server makes has its own policy beside the rules' fields", async (t) => {
  const { get } = await served(t, image, { args: [...RULES, "--listing"] });
  const { headers } = await get("/empty/");
  t.is(headers["x-frame-options"], "DENY");
  t.regex(headers["content-security-policy"]!.toString(), /^default-src 'none'/);
  t.is((await get("/empty/", { "if-none-match": headers.etag! })).headers["x-frame-options"], "DENY");
});

test("--cache: the last rule that matches counts, for files alone", async (t) => {
  const { get } = await served(t, image, {
    args: [
      ...["--cache", "max-age=300", "--cache=hashed", "--cache", "/docs/**: no-store"],
      ...["--cache", "*.txt: max-age=5"],
    ],
  });
  for (const [target, value] of [
    ["/", "max-age=300"],
    ["/about.html", "max-age=300"],
    ["/assets/plain.js", "max-age=300"],
    ["/assets/app.3f9a2b1c.js", "public, max-age=31536000, immutable"],
    // A link has a path of its own.
    ["/docs/", "no-store"],
    ["/latest/", "max-age=300"],
    ["/empty/x.txt", "max-age=5"],
    ["/nope.txt", "no-cache"],
    ["/docs", "no-cache"],
    ["/.docteur/", "no-cache"],
    ["/%", "no-cache"],
  ] as const) {
    const { headers } = await get(target);
    t.is(headers["cache-control"], value, target);
    t.is((await get(target, {}, "HEAD")).headers["cache-control"], value, target);
    if (headers.etag !== undefined) {
      t.is((await get(target, { "if-none-match": headers.etag })).headers["cache-control"], value, target);
    }
  }
});

test("the file of rules comes before --cache", async (t) => {
  const { get } = await served(t, image, { args: ["--headers", "_headers", "--cache", "max-age=1"] });
  t.is((await get("/assets/plain.js")).headers["cache-control"], "public, max-age=31536000, immutable");
  t.is((await get("/")).headers["cache-control"], "max-age=1");
});

test("with --clean-urls, a redirect by a rule never leads round in a circle", async (t) => {
  const circle = imageOf({
    "about.html": "about\n",
    "docs/index.html": "docs\n",
    r: "/about /about.html 301!\n/docs/ /docs 301!\n/x /docs.html\n/y /about 200\n/z /docs 200",
  });
  const { get, errors } = await served(t, circle, { args: ["--clean-urls", "--redirects", "r"] });
  t.deepEqual(errors, []);
  t.is((await get("/about")).body.toString(), "about\n");
  t.is((await get("/docs/")).body.toString(), "docs\n");
  t.is((await get("/x")).headers.location, "/docs.html");
  t.is((await get("/y")).body.toString(), "about\n");
  t.is((await get("/z")).body.toString(), "docs\n");
});

/** Calls `serve` in a way that ends at once. */
async function refused(args: readonly string[], files: Readonly<Record<string, string>>) {
  const device = memoryDevice(imageOf(files));
  const errors: string[] = [];
  const status = await Promise.resolve(
    serve({
      store: connect(device),
      fs: createFs(connect(device)),
      connect: (options) => connect(device, options),
      console: { write: () => {}, error: (data) => errors.push(data.toString()) },
      args,
      env: {},
      stdin: (async function* () {})(),
      ports: [{ address: "127.0.0.1", port: 0 }],
      terminal: false,
      verbose: false,
      signal: new AbortController().signal,
    }),
  ).catch((error: Error & { code?: string }) => error.code);
  return { status, errors };
}

test("a malformed --cache is one line and status 2", async (t) => {
  for (const rule of ["", "max-age", "/assets/**", "max-age=1\r\nX: y", "nonsense"]) {
    const { status, errors } = await refused(["--cache", rule], { a: "a" });
    t.is(status, 2, rule);
    t.is(errors.length, 1);
    t.regex(errors[0]!, /^serve: --cache '.*': invalid argument; usage: serve [^\n]*\n$/);
  }
  t.is((await refused(["--cache"], { a: "a" })).status, 2);
});

test("a file of rules that is missing, a folder or too large ends the program", async (t) => {
  const files = { "f/x": "x", large: "#".repeat(256 * 1024 + 1), link: "->large" };
  for (const option of ["--headers", "--redirects"]) {
    t.is((await refused([option, "/nope"], files)).status, "NOT_FOUND");
    t.is((await refused([option, "/f"], files)).status, "VALUE_EXPECTED");
    t.is((await refused([option, "/large"], files)).status, "OBJECT_TOO_LARGE");
    t.is((await refused([option, "/link"], files)).status, "OBJECT_TOO_LARGE");
  }
});

test("of many problems the first are reported", async (t) => {
  const file = "/a b\n".repeat(70);
  const { errors } = await served(t, imageOf({ r: file }), { args: ["--redirects", "r"] });
  t.is(errors.length, 51);
  t.is(errors.at(-1), "serve: r: 20 more lines are ignored");
});
