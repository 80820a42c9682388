import { createHmac } from "node:crypto";
import { createRequire } from "node:module";
import test, { type ExecutionContext } from "ava";
import { temporaryFolder } from "../../temporary-folder.ts";
import { CONTENT, fails, open } from "./server.ts";

/** What s3rver takes, and what signs requests to it. */
const KEY = "S3RVER";

/** An object store of Amazon's S3 protocol with one object, `/images/disk.img`. */
async function startStore(t: ExecutionContext): Promise<string> {
  const S3rver = createRequire(import.meta.url)("s3rver");
  const store = new S3rver({
    address: "127.0.0.1",
    port: 0,
    silent: true,
    directory: temporaryFolder(t),
    configureBuckets: [{ name: "images", configs: [] }],
  });
  const { port } = await store.run();
  t.teardown(() => store.close());
  const origin = `http://127.0.0.1:${port}`;
  const put = await fetch(presign(new URL(`${origin}/images/disk.img`), { method: "PUT" }), {
    method: "PUT",
    body: CONTENT,
  });
  t.is(put.status, 200);
  return origin;
}

/**
 * Signs a URL as "Signing and authenticating REST requests" has it, for queries (AWS Signature Version 2):
 * s3rver compares these, and no signatures of version 4.
 */
function presign(url: URL, { method = "GET", seconds = 600 } = {}): URL {
  const expires = String(Math.floor(Date.now() / 1000) + seconds);
  const text = [method, "", "", expires, url.pathname].join("\n");
  const signed = new URL(url);
  signed.searchParams.set("AWSAccessKeyId", KEY);
  signed.searchParams.set("Expires", expires);
  signed.searchParams.set("Signature", createHmac("sha1", KEY).update(text).digest("base64"));
  return signed;
}

test("an image in an object store is read by a presigned URL, whose key outlives the signature", async (t) => {
  const origin = await startStore(t);
  const url = new URL(`${origin}/images/disk.img`);
  const source = await open(t, presign(url).href);
  t.is(source.size, CONTENT.length);
  t.is(source.display, `${origin}/images/disk.img?...`);
  const reads = Array.from({ length: 10 }, (_, index) => source.read(index * 140_000, 100_000));
  for (const [index, bytes] of (await Promise.all(reads)).entries()) {
    t.true(CONTENT.subarray(index * 140_000, index * 140_000 + 100_000).equals(bytes));
  }
  const later = await open(t, presign(url, { seconds: 60 }).href);
  t.is(later.key, source.key);
});

test("a signature that has expired or is wrong, and an object that is not there, are told of", async (t) => {
  const origin = await startStore(t);
  const expired = presign(new URL(`${origin}/images/disk.img`), { seconds: -86_400 });
  const signature = expired.searchParams.get("Signature")!;
  const message =
    /\/images\/disk\.img\?\.\.\.: access is refused \(HTTP 403 Forbidden\): the signature of the URL may have expired: get a new one$/;
  await fails(t, open(t, expired.href), "SOURCE_DENIED", message, [signature]);
  const wrong = presign(new URL(`${origin}/images/disk.img`), { method: "PUT" });
  await fails(t, open(t, wrong.href), "SOURCE_DENIED", message, [wrong.searchParams.get("Signature")!]);
  await fails(t, open(t, presign(new URL(`${origin}/images/none.img`)).href), "SOURCE_NOT_FOUND", /HTTP 404/);
});
