import test from "ava";
import { served } from "./served.ts";
import { siteImage } from "./site-image.ts";

const { image } = siteImage();

test("a folder's page names and links what is in it", async (t) => {
  const { get } = await served(t, image, { args: ["--listing"] });
  const { status, headers, body } = await get("/plain/");
  const page = body.toString();
  t.is(status, 200);
  t.is(headers["content-type"], "text/html; charset=utf-8");
  t.regex(headers["content-security-policy"]!.toString(), /^default-src 'none'/);
  const links = [...page.matchAll(/<td><a href="([^"]+)">([^<]*)<\/a>/g)].map(([, url, label]) => [
    url,
    label,
  ]);
  t.deepEqual(links, [
    ["../", "../"],
    ["./deep/", "deep/"],
    ["./%3Ci%3E%22%26%27.txt", "&#60;i&#62;&#34;&#38;&#39;.txt"],
    ["./a%20b%2520c.txt", "a b%20c.txt"],
    ["./javascript%3Aalert%281%29", "javascript:alert(1)"],
    ["./na%C3%AFve.txt", "naïve.txt"],
  ]);
  for (const [url] of links) {
    const target = new URL(url!, "http://localhost/plain/").pathname;
    t.is((await get(target)).status, 200, target);
  }
  t.regex(page, /naïve\.txt<\/a><\/td><td class="size">10 bytes</);
});

test("a folder's index comes before its page; the page marks links and submodules", async (t) => {
  const { get } = await served(t, image, { args: ["--listing", "--index", "none"] });
  const root = (await get("/")).body.toString();
  t.regex(root, /href="\.\/latest">latest<\/a> \(link\)/);
  t.regex(root, /href="\.\/module\/">module\/<\/a> \(submodule\)/);
  t.regex((await get("/module/")).body.toString(), /<tbody>/);
  const indexed = await served(t, image, { args: ["--listing"] });
  t.regex((await indexed.get("/")).body.toString(), /Welcome/);
});

test("a page's tag is that of its bytes", async (t) => {
  const { get } = await served(t, image, { args: ["--listing"] });
  for (const target of ["/plain/", "/.docteur/"]) {
    const { headers } = await get(target);
    t.is((await get(target, { "if-none-match": headers.etag! })).status, 304);
    t.is((await get(target, { "if-none-match": '"other"' })).status, 200);
  }
  t.not((await get("/plain/")).headers.etag, (await get("/plain/deep/")).headers.etag);
});

test("the page about the image has the commit, author, date, message and counts", async (t) => {
  const { get } = await served(t, image);
  const page = (await get("/.docteur/")).body.toString();
  t.regex(page, /Commit<\/th><td><code>[0-9a-f]{40}</);
  t.regex(page, /Author<\/th><td>Ada Lovelace &#60;ada@example\.com&#62;</);
  t.regex(page, /Date<\/th><td>2020-10-10 10:00:00 \+02:00</);
  t.regex(page, /Message<\/th><td><pre>A test</);
  t.regex(page, /Contents<\/th><td>12 files, 3 folders, 2 symbolic links, 1 submodule</);
  t.regex(page, /Verified<\/th>/);
  t.notRegex(page, /<script/);
});

test("an error's page is one for people, and says nothing of what was asked for", async (t) => {
  const { get } = await served(t, image);
  const { body, headers } = await get("/<script>alert(1)</script>");
  t.is(headers["content-type"], "text/html; charset=utf-8");
  t.regex(body.toString(), /404 Not Found/);
  t.notRegex(body.toString(), /alert/);
});
