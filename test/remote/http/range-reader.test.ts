import test, { type ExecutionContext } from "ava";
import { HttpClient } from "../../../remote/http/client.ts";
import { RangeReader, type RangeReaderOptions } from "../../../remote/http/range-reader.ts";
import { answerRange, CONTENT, ENV, fails, startServer } from "./server.ts";

async function openReader(
  t: ExecutionContext,
  origin: string,
  options: Partial<RangeReaderOptions> = {},
): Promise<RangeReader> {
  const client = new HttpClient({ env: ENV, deadline: 30 });
  t.teardown(() => client[Symbol.asyncDispose]());
  return await RangeReader.open(client, { url: new URL(origin), display: "the blob", ...options });
}

test("a part of a resource is read as if it were all of it", async (t) => {
  const server = await startServer(t);
  const headers = { accept: "application/octet-stream" };
  const reader = await openReader(t, server.origin, { offset: 1024, length: 200_000, start: 10, headers });
  t.is(reader.size, 200_000);
  t.deepEqual(Buffer.from(reader.start), CONTENT.subarray(1024, 1034));
  t.deepEqual(Buffer.from(await reader.read(199_990, 10)), CONTENT.subarray(201_014, 201_024));
  await t.throwsAsync(reader.read(199_991, 10), { instanceOf: RangeError });
  t.deepEqual(
    server.requests.map(({ headers }) => headers.range),
    ["bytes=1024-1033", "bytes=201014-201023"],
  );
  t.true(server.requests.every(({ headers }) => headers.accept === "application/octet-stream"));
  const rest = await openReader(t, server.origin, { offset: 1024 });
  t.is(rest.size, CONTENT.length - 1024);
  const short = await openReader(t, server.origin, { offset: 1024, length: 100 });
  t.is(short.start.length, 100);
});

test("a part of a short resource is read from a server without ranges", async (t) => {
  const server = await startServer(t, (_, response) => response.end(CONTENT.subarray(0, 5000)));
  const reader = await openReader(t, server.origin, { offset: 1024, length: 3000 });
  t.deepEqual(Buffer.from(await reader.read(1000, 2000)), CONTENT.subarray(2024, 4024));
});

test("a resource that is shorter than what is expected of it is SOURCE_MALFORMED", async (t) => {
  const server = await startServer(t, (request, response) =>
    answerRange(request, response, { content: CONTENT.subarray(0, 1000) }),
  );
  await fails(
    t,
    openReader(t, server.origin, { offset: 0, length: 1001 }),
    "SOURCE_MALFORMED",
    /has 1000 bytes, where 1001 are expected/,
  );
  await fails(
    t,
    openReader(t, server.origin, { offset: 1001 }),
    "SOURCE_MALFORMED",
    /has 1000 bytes, where more than 1001 are expected/,
  );
  t.is((await openReader(t, server.origin, { offset: 1000 })).size, 0);
});

test("of what is named by a digest the length is compared, and nothing else", async (t) => {
  const server = await startServer(t, (request, response, number) =>
    answerRange(request, response, { headers: { etag: number === 3 ? undefined : `"${number}"` } }),
  );
  const reader = await openReader(t, server.origin, { immutable: true });
  for (const offset of [100_000, 200_000, 300_000]) {
    t.deepEqual(Buffer.from(await reader.read(offset, 9)), CONTENT.subarray(offset, offset + 9));
  }
  t.true(server.requests.every(({ headers }) => headers["if-range"] === undefined));
  const shorter = await startServer(t, (request, response, number) =>
    answerRange(request, response, number === 1 ? {} : { content: CONTENT.subarray(0, 1_000_000) }),
  );
  const other = await openReader(t, shorter.origin, { immutable: true });
  await fails(t, other.read(100_000, 9), "SOURCE_CHANGED", /^the blob: /);
});
