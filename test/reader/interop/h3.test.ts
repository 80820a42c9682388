import { Readable } from "node:stream";
import test from "ava";
import { H3, serveStatic } from "h3";
import { INDEX, MOVIE, siteFs } from "./site.ts";

const fs = siteFs();
const app = new H3();
app.use((event) =>
  serveStatic(event, {
    indexNames: ["/index.html"],
    async getMeta(id) {
      const stats = await fs.promises.stat(id).catch(() => undefined);
      if (stats === undefined || !stats.isFile()) return undefined;
      return { size: stats.size, mtime: stats.mtimeMs, etag: `"${stats.ino}-${stats.mtimeMs}"` };
    },
    getContents: (id) => Readable.toWeb(fs.createReadStream(id)) as ReadableStream,
  }),
);

test("files are served, with their length", async (t) => {
  const response = await app.request("/");
  t.is(response.status, 200);
  t.is(response.headers.get("content-length"), String(INDEX.length));
  t.is(await response.text(), INDEX);
});

test("a large file arrives whole", async (t) => {
  const response = await app.request("/latest/movie.bin");
  t.true(Buffer.from(await response.arrayBuffer()).equals(MOVIE));
});

test("an unchanged file gets 304", async (t) => {
  const { headers } = await app.request("/docs/guide.txt");
  const again = await app.request("/docs/guide.txt", {
    headers: { "if-none-match": headers.get("etag") ?? "" },
  });
  t.is(again.status, 304);
});

test("a missing file gets 404", async (t) => {
  t.is((await app.request("/nothing")).status, 404);
});
