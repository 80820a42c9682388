import test from "ava";
import { served } from "./served.ts";
import { imageOf } from "./static-site.ts";

const PAGE = (name: string) => `<!doctype html><title>${name}</title>\n`;

const image = imageOf({
  "index.html": PAGE("home"),
  "about.html": PAGE("about"),
  "docs/index.html": PAGE("docs"),
  "docs/guide.html": PAGE("guide"),
  "docs.html": PAGE("docs, beside the folder"),
  "blog.html": PAGE("blog"),
  "blog/first.html": PAGE("first"),
  exact: "exact\n",
  "exact.html": PAGE("exact, beside the file"),
  "twice.html.html": PAGE("twice"),
  "a b.html": PAGE("a b"),
  ".html": PAGE("no name"),
  "..html": PAGE("dot"),
  "...html": PAGE("dots"),
  ".docteur.html": PAGE("docteur"),
  "style.css": "a{}\n",
  "link.html": "->about.html",
});

/** The title of a page, or the status and where it leads to. */
async function look(get: Awaited<ReturnType<typeof served>>["get"], target: string): Promise<string> {
  const { status, headers, body } = await get(target);
  if (headers.location !== undefined) return `${status} ${headers.location}`;
  return status === 200 ? (/<title>(.*)</.exec(body.toString())?.[1] ?? body.toString()) : String(status);
}

for (const [target, expected] of [
  ["/", "home"],
  ["/index.html", "301 /"],
  ["/index", "301 /"],
  ["/about", "about"],
  ["/about?x=1", "about"],
  ["/about.html", "301 /about"],
  ["/about.html?x=1", "301 /about?x=1"],
  ["/about/", "301 /about"],
  ["/%61bout.html", "301 /about"],
  ["/about.html/", "404"],
  ["/about/x", "404"],
  ["/docs", "301 /docs/"],
  ["/docs/", "docs"],
  ["/docs/index.html", "301 /docs/"],
  ["/docs/index", "301 /docs/"],
  ["/docs/guide", "guide"],
  ["/docs/guide.html", "301 /docs/guide"],
  // The folder is shown, so the file keeps its own address.
  ["/docs.html", "docs, beside the folder"],
  // The folder has nothing to show.
  ["/blog", "blog"],
  ["/blog/", "301 /blog"],
  ["/blog.html", "301 /blog"],
  ["/blog/first", "first"],
  ["/exact", "exact\n"],
  ["/exact.html", "exact, beside the file"],
  ["/exact/", "404"],
  ["/twice.html", "twice"],
  ["/twice.html.html", "301 /twice.html"],
  ["/a%20b", "a b"],
  ["/a%20b.html", "301 /a%20b"],
  ["/.html", "no name"],
  ["/..html", "dot"],
  ["/...html", "dots"],
  ["/.docteur.html", "docteur"],
  ["/link", "about"],
  ["/style.css", "a{}\n"],
  ["/nope", "404"],
] as const) {
  test(`with --clean-urls, ${target}: ${expected.trim()}`, async (t) => {
    const { get } = await served(t, image, { args: ["--clean-urls"] });
    t.is(await look(get, target), expected);
  });
}

test("without --clean-urls, every file has its own address only", async (t) => {
  const { get } = await served(t, image);
  t.is(await look(get, "/about"), "404");
  t.is(await look(get, "/about.html"), "about");
  t.is(await look(get, "/docs/index.html"), "docs");
  t.is(await look(get, "/blog"), "301 /blog/");
});

test("a folder that is listed comes before the file beside it, and --index has its own address", async (t) => {
  const listing = await served(t, image, { args: ["--clean-urls", "--listing"] });
  t.is(await look(listing.get, "/blog"), "301 /blog/");
  t.is(await look(listing.get, "/blog.html"), "blog");
  const index = await served(t, image, { args: ["--clean-urls", "--index", "guide.html"] });
  t.is(await look(index.get, "/docs/guide.html"), "301 /docs/");
  t.is(await look(index.get, "/docs/"), "guide");
  t.is(await look(index.get, "/docs/index"), "docs");
});

test("a file at its clean address has tag, conditions, ranges and HEAD", async (t) => {
  const { get } = await served(t, image, { args: ["--clean-urls"] });
  const { headers, body } = await get("/about");
  t.is(headers["content-type"], "text/html; charset=utf-8");
  t.is((await get("/about", { "if-none-match": headers.etag! })).status, 304);
  t.deepEqual((await get("/about", { range: "bytes=0-4" })).body, body.subarray(0, 5));
  t.is((await get("/about", {}, "HEAD")).headers["content-length"], String(body.length));
});
