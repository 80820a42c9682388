import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import test from "ava";
import handle from "serve-handler";
import { INDEX, MOVIE, siteFs } from "./site.ts";

const { promises, createReadStream } = siteFs();
const server = createServer((request, response) => {
  const { lstat, realpath, readdir } = promises;
  handle(request, response, { public: "/", symlinks: true }, { lstat, realpath, readdir, createReadStream });
});

test.before(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});

test.after.always(() => {
  server.closeAllConnections();
  server.close();
});

const get = (path: string, headers: Record<string, string> = {}) =>
  fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`, { headers });

test("files are served, with their type and time", async (t) => {
  const response = await get("/");
  t.is(response.status, 200);
  t.is(await response.text(), INDEX);
  t.regex(response.headers.get("content-type") ?? "", /^text\/html/);
  t.is(response.headers.get("last-modified"), new Date(1602316800 * 1000).toUTCString());
});

test("a large file and ranges of it are served", async (t) => {
  const whole = await get("/docs/movie.bin");
  t.true(Buffer.from(await whole.arrayBuffer()).equals(MOVIE));
  const part = await get("/docs/movie.bin", { range: "bytes=1000000-2000000" });
  t.is(part.status, 206);
  t.true(Buffer.from(await part.arrayBuffer()).equals(MOVIE.subarray(1_000_000, 2_000_001)));
});

test("a folder is listed", async (t) => {
  const response = await get("/docs", { accept: "application/json" });
  const { files } = (await response.json()) as { files: { base: string; size?: string }[] };
  t.deepEqual(files.map(({ base }) => base).sort(), ["..", "guide.txt", "movie.bin"]);
});

test("a link leads to its target", async (t) => {
  const response = await get("/latest/guide.txt");
  t.is(await response.text(), "Read me first.\n");
});

test("a missing file gets 404", async (t) => {
  t.is((await get("/nothing")).status, 404);
  t.is((await get("/docs/guide.txt/more")).status, 404);
});
