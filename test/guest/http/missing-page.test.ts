import test from "ava";
import { served } from "./served.ts";
import { imageOf } from "./static-site.ts";

const image = imageOf({
  "index.html": "home\n",
  "404.html": "<!doctype html><title>Root's</title>\n".repeat(40),
  "blog/404.html": "blog's\n",
  "blog/deep/er/x.txt": "x\n",
  "other/x.txt": "x\n",
  "linked/404.html": "->../blog/404.html",
  "folder/404.html/x.txt": "x\n",
  "gone/404.html": "->nowhere",
});

test("a missing path gets the nearest 404.html upwards, with 404", async (t) => {
  const { get } = await served(t, image);
  for (const [target, start] of [
    ["/nope", "<!doctype"],
    ["/nope/deeper/still/", "<!doctype"],
    ["/other/nope", "<!doctype"],
    ["/index.html/nope", "<!doctype"],
    ["/blog/nope", "blog's"],
    ["/blog/", "blog's"],
    ["/blog/deep/er/nope.js", "blog's"],
    ["/blog/deep/er/", "blog's"],
    ["/linked/nope", "blog's"],
    ["/folder/nope", "<!doctype"],
    ["/gone/nope", "<!doctype"],
    ["/a%2Fb", "<!doctype"],
    [`/${"x/".repeat(1000)}`, "<!doctype"],
  ] as const) {
    const { status, body, headers } = await get(target);
    t.is(status, 404, target);
    t.true(body.toString().startsWith(start), target);
    t.is(headers["content-type"], "text/html; charset=utf-8");
    t.is(headers["content-length"], String(body.length));
    t.is(headers["cache-control"], "no-cache");
    t.is(headers["x-content-type-options"], "nosniff");
  }
  t.is((await get("/404.html")).status, 200);
});

test("it has no tag, and knows no conditions, ranges and codings; HEAD has its length", async (t) => {
  const { get } = await served(t, image);
  const { headers } = await get("/404.html");
  for (const more of [
    { "if-none-match": "*" },
    { "if-none-match": String(headers.etag) },
    { "if-match": '"x"' },
    { range: "bytes=0-3" },
    { "accept-encoding": "deflate" },
  ] as Record<string, string>[]) {
    const answer = await get("/nope", more);
    t.is(answer.status, 404);
    t.is(String(answer.body.length), headers["content-length"]!);
    for (const name of ["etag", "accept-ranges", "content-range", "content-encoding"]) {
      t.is(answer.headers[name], undefined, name);
    }
  }
  const head = await get("/nope", {}, "HEAD");
  t.deepEqual(
    [head.status, head.headers["content-length"], head.body.length],
    [404, headers["content-length"], 0],
  );
});

test("--spa comes before it, for paths that it applies to", async (t) => {
  const { get } = await served(t, image, { args: ["--spa"] });
  t.deepEqual([(await get("/nope")).status, (await get("/nope")).body.toString()], [200, "home\n"]);
  t.is((await get("/blog/nope.js")).body.toString(), "blog's\n");
  t.is((await get("/blog/nope.js")).status, 404);
});
