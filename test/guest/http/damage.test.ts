import { inflateSync } from "node:zlib";
import test from "ava";
import { served } from "./served.ts";
import { MOVIE, siteImage } from "./site-image.ts";

/**
 * The image with a byte changed in the stream of a file, found by what the server sends of the undamaged one.
 */
function damaged(image: Buffer, stream: Buffer, at: number): Buffer {
  const start = image.indexOf(stream);
  const copy = Buffer.from(image);
  copy[start + at]! ^= 0x55;
  return copy;
}

const { image, id } = siteImage();

for (const path of ["docs/guide.txt", "movie.mp4"]) {
  test(`of a damaged ${path}, not a byte is sent either way; the rest is served`, async (t) => {
    const intact = await served(t, image);
    const { body: stream } = await intact.get(`/${path}`, { "accept-encoding": "deflate" });
    const { get, errors } = await served(t, damaged(image, stream, stream.length - 6));
    for (const headers of [{}, { "accept-encoding": "deflate" }, { range: "bytes=0-3" }]) {
      const answer = await get(`/${path}`, headers as Record<string, string>);
      t.is(answer.status, 500);
      t.is(answer.headers["content-encoding"], undefined);
      t.is(answer.headers.etag, undefined);
      t.regex(answer.body.toString(), /The image is damaged here/);
    }
    t.is(errors.length, 3);
    for (const line of errors) t.regex(line, new RegExp(`^serve: /${path}: invalid image: .*${id(path)}`));
    t.is((await get("/")).status, 200);
  });
}

test("a damaged folder gets 500; the files beside it are served", async (t) => {
  const { image: whole } = siteImage();
  const intact = await served(t, whole);
  t.is((await intact.get("/plain/deep/file.json")).status, 200);
  const bytes = Buffer.from(whole);
  // The stream of the tree of /plain/deep is found by inflating from every offset.
  const at = findStream(bytes, Buffer.from("100644 file.json\0"));
  bytes[at + 12]! ^= 0xff;
  const { get, errors } = await served(t, bytes);
  t.is((await get("/plain/deep/file.json")).status, 500);
  t.is(errors.length, 1);
  t.is((await get("/docs/guide.txt")).status, 200);
});

function findStream(image: Buffer, start: Buffer): number {
  for (let at = image.indexOf(0x78); at >= 0; at = image.indexOf(0x78, at + 1)) {
    try {
      if (
        inflateSync(image.subarray(at, at + 4096))
          .subarray(0, start.length)
          .equals(start)
      )
        return at;
    } catch {
      // No stream begins here.
    }
  }
  throw new Error("no such stream");
}

test("a verified content is sent again, byte for byte", async (t) => {
  const bytes = Buffer.from(image);
  const { get } = await served(t, bytes);
  const accepting = { "accept-encoding": "deflate" };
  const first = await get("/movie.mp4", accepting);
  t.true(inflateSync(first.body).equals(MOVIE));
  const again = await get("/movie.mp4", accepting);
  t.true(again.body.equals(first.body));
});
