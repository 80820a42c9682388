import test from "ava";
import { answerRange, CONTENT, ETAG, fails, open, startServer } from "./server.ts";

test("opening is one request, and each read another one, with the version that was opened", async (t) => {
  const server = await startServer(t);
  const source = await open(t, `${server.origin}/disk.img`);
  t.is(source.size, CONTENT.length);
  t.deepEqual(Buffer.from(source.start), CONTENT.subarray(0, 65_536));
  t.is(source.display, `${server.origin}/disk.img`);
  t.deepEqual(Buffer.from(await source.read(70_000, 3)), CONTENT.subarray(70_000, 70_003));
  t.deepEqual(Buffer.from(await source.read(CONTENT.length - 1, 1)), CONTENT.subarray(-1));
  t.deepEqual(
    server.requests.map(({ headers }) => [headers.range, headers["if-range"], headers["accept-encoding"]]),
    [
      ["bytes=0-65535", undefined, "identity"],
      ["bytes=70000-70002", ETAG, "identity"],
      [`bytes=${CONTENT.length - 1}-${CONTENT.length - 1}`, ETAG, "identity"],
    ],
  );
});

test("connections are kept from one read to the next", async (t) => {
  const server = await startServer(t);
  const source = await open(t, server.origin);
  for (let index = 0; index < 20; index++) await source.read(100_000 + index, 10);
  // A request that follows an answer in the same turn of the event loop may open another one.
  t.true(server.connections() <= 2);
});

test("what opening has brought is not asked for again, and nothing is sent for no bytes", async (t) => {
  const server = await startServer(t);
  const source = await open(t, server.origin, { start: 100 });
  t.deepEqual(Buffer.from(await source.read(40, 60)), CONTENT.subarray(40, 100));
  t.deepEqual(await source.read(CONTENT.length, 0), new Uint8Array(0));
  t.is(server.requests.length, 1);
  t.deepEqual(Buffer.from(await source.read(40, 61)), CONTENT.subarray(40, 101));
});

test("what lies outside of the image is refused without a request", async (t) => {
  const server = await startServer(t);
  const source = await open(t, server.origin);
  for (const [offset, length] of [
    [-1, 2],
    [0, -1],
    [0.5, 1],
    [CONTENT.length, 1],
    [0, CONTENT.length + 1],
    [Number.NaN, 1],
  ]) {
    await t.throwsAsync(source.read(offset!, length!), { instanceOf: RangeError });
  }
  t.is(server.requests.length, 1);
});

test("many reads at once take at most 8 connections and get their own bytes each", async (t) => {
  const server = await startServer(t);
  const source = await open(t, server.origin);
  const offsets = Array.from({ length: 100 }, (_, index) => 66_000 + index * 14_000);
  const read = await Promise.all(offsets.map((offset) => source.read(offset, 14_000)));
  for (const [index, offset] of offsets.entries())
    t.true(CONTENT.subarray(offset, offset + 14_000).equals(read[index]!));
  t.true(server.connections() <= 8);
});

test("an image that is shorter than the first request is read", async (t) => {
  const content = CONTENT.subarray(0, 1000);
  const server = await startServer(t, (request, response) => answerRange(request, response, { content }));
  const source = await open(t, server.origin);
  t.is(source.size, 1000);
  t.deepEqual(Buffer.from(await source.read(0, 1000)), content);
});

test("an empty file is a source of no bytes", async (t) => {
  const ranges = await startServer(t, (request, response) =>
    answerRange(request, response, { content: Buffer.alloc(0) }),
  );
  t.is((await open(t, ranges.origin)).size, 0);
  const whole = await startServer(t, (_, response) => response.writeHead(200, { "content-length": 0 }).end());
  t.is((await open(t, whole.origin)).size, 0);
});

for (const [name, headers] of [
  ["a length", { "content-length": "1000000" }],
  ["chunks", { "transfer-encoding": "chunked" }],
] as const) {
  test(`a short file comes whole from a server without ranges, with ${name}`, async (t) => {
    const content = CONTENT.subarray(0, 1_000_000);
    const server = await startServer(t, (_, response) => response.writeHead(200, headers).end(content));
    const source = await open(t, server.origin);
    t.is(source.size, content.length);
    t.deepEqual(Buffer.from(await source.read(500_000, 500_000)), content.subarray(500_000));
    t.is(server.requests.length, 1);
  });
}

test("a long file of a server without ranges is not read", async (t) => {
  for (const headers of [{ "content-length": String(CONTENT.length) }, { "transfer-encoding": "chunked" }]) {
    const server = await startServer(t, (_, response) => response.writeHead(200, headers).end(CONTENT));
    await fails(t, open(t, server.origin), "SOURCE_UNSUPPORTED", /does not answer ranges: download it first/);
    t.is(server.requests.length, 1);
  }
});

test("a file without an end that can be told from a cut is not read", async (t) => {
  const server = await startServer(t, (_, response) => {
    response.socket!.end("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nsome bytes");
  });
  await fails(t, open(t, server.origin), "SOURCE_UNSUPPORTED", /does not say how long the file is/);
});

test("a server that does not say how long the file is cannot be read", async (t) => {
  const server = await startServer(t, (request, response) =>
    answerRange(request, response, { headers: { "content-range": "bytes 0-65535/*" } }),
  );
  await fails(t, open(t, server.origin), "SOURCE_UNSUPPORTED", /does not say how long the file is/);
});

test("chunked ranges are read", async (t) => {
  const server = await startServer(t, (request, response) =>
    answerRange(request, response, { headers: { "content-length": undefined } }),
  );
  const source = await open(t, server.origin);
  t.deepEqual(Buffer.from(await source.read(100_000, 9)), CONTENT.subarray(100_000, 100_009));
});

const TUESDAY = "Tue, 06 Jan 2026 00:00:00 GMT";
const LATER = "Tue, 06 Jan 2026 00:00:01 GMT";
const other = Buffer.from(CONTENT).fill(1);

for (const [name, before, after, content] of [
  ["tag", { etag: '"one"' }, { etag: '"two"' }, other],
  ["weak tag", { etag: 'W/"one"' }, { etag: 'W/"two"' }, other],
  [
    "date under a weak tag",
    { etag: 'W/"one"', "last-modified": TUESDAY },
    { etag: 'W/"one"', "last-modified": LATER },
    other,
  ],
  ["date", { etag: undefined, "last-modified": TUESDAY }, { etag: undefined, "last-modified": LATER }, other],
  ["length", { etag: undefined }, { etag: undefined }, CONTENT.subarray(1)],
] as const) {
  test(`another ${name} means that the image has changed, which is not tried again`, async (t) => {
    const server = await startServer(t, (request, response, number) =>
      answerRange(request, response, number === 1 ? { headers: before } : { headers: after, content }),
    );
    const source = await open(t, server.origin);
    await fails(
      t,
      source.read(100_000, 10),
      "SOURCE_CHANGED",
      /^http:\S+: the image has changed while it was read: run the command again$/,
    );
    t.is(server.requests.length, 2);
    t.is(server.requests[1]!.headers["if-range"], name === "tag" ? '"one"' : undefined);
  });
}

test("a server that honours If-Range, and a file that became shorter, mean that the image has changed", async (t) => {
  for (const answer of [
    {
      status: 200,
      headers: { etag: '"two"', "content-range": undefined, "content-length": String(CONTENT.length) },
      content: CONTENT,
    },
    { status: 416, headers: { etag: undefined, "content-range": "bytes */50" } },
    { status: 412 },
  ]) {
    const server = await startServer(t, (request, response, number) => {
      if (number === 1) answerRange(request, response);
      else if (answer.status === 200) response.writeHead(200, { etag: '"two"' }).end(CONTENT);
      else answerRange(request, response, answer);
    });
    const source = await open(t, server.origin);
    await fails(t, source.read(100_000, 10), "SOURCE_CHANGED", /has changed/);
  }
});

test("a file that ends within the range now has changed", async (t) => {
  for (const etags of [
    ['W/"one"', 'W/"two"'],
    [undefined, undefined],
  ]) {
    const server = await startServer(t, (request, response, number) => {
      const content = number === 1 ? CONTENT : CONTENT.subarray(0, 100_005);
      answerRange(request, response, { content, headers: { etag: etags[number - 1] } });
    });
    const source = await open(t, server.origin);
    await fails(t, source.read(100_000, 10), "SOURCE_CHANGED", /has changed/);
    t.is(server.requests.length, 2);
  }
});

test("the key is that of the version, whatever signature the address has", async (t) => {
  const server = await startServer(t);
  const keyOf = async (query: string) => (await open(t, `${server.origin}/disk.img${query}`)).key;
  t.is(await keyOf("?X-Amz-Signature=one"), await keyOf("?X-Amz-Signature=two"));
  t.not(await keyOf(""), await keyOf("?id=2"));
  const unnamed = await startServer(t, (request, response) =>
    answerRange(request, response, { headers: { etag: undefined } }),
  );
  t.not((await open(t, unnamed.origin)).key, (await open(t, unnamed.origin)).key);
});

test("a signal ends a read at once, with its reason, and the source stays usable", async (t) => {
  const reason = new Error("enough");
  const controller = new AbortController();
  const server = await startServer(t, (request, response, number) => {
    if (number === 2) controller.abort(reason);
    else answerRange(request, response);
  });
  const source = await open(t, server.origin);
  t.is(await t.throwsAsync(source.read(100_000, 10, controller.signal)), reason);
  t.is(await t.throwsAsync(source.read(100_000, 10, controller.signal)), reason);
  t.is(server.requests.length, 2);
  t.deepEqual(Buffer.from(await source.read(100_000, 10)), CONTENT.subarray(100_000, 100_010));
});

test("a signal ends a read whose body is on its way, and opening", async (t) => {
  const reason = new Error("enough");
  for (const at of [1, 2]) {
    const controller = new AbortController();
    const server = await startServer(t, (request, response, number) => {
      if (number < at) return answerRange(request, response);
      response.writeHead(206, {
        "content-range": `bytes ${at === 1 ? "0-65535" : "100000-100009"}/${CONTENT.length}`,
        etag: ETAG,
      });
      response.write("x");
      setImmediate(() => controller.abort(reason));
    });
    const work = open(t, server.origin, at === 1 ? { signal: controller.signal } : {}).then((source) =>
      source.read(100_000, 10, controller.signal),
    );
    t.is(await t.throwsAsync(work), reason);
  }
});

test("closing ends all connections and the reads that are under way", async (t) => {
  const server = await startServer(t, (request, response, number) => {
    if (number < 5) answerRange(request, response);
  });
  const source = await open(t, server.origin);
  await Promise.all([1, 2, 3].map((index) => source.read(index * 100_000, 10)));
  const pending = source.read(100_000, 10);
  const failed = t.throwsAsync(pending, { code: "ABORTED" });
  while (server.requests.length < 5) await new Promise(setImmediate);
  const closed = [...server.sockets].map((socket) => new Promise((resolve) => socket.once("close", resolve)));
  t.true(closed.length > 0);
  await source[Symbol.asyncDispose]();
  await Promise.all(closed);
  await failed;
  await t.throwsAsync(source.read(100_000, 10), { code: "ABORTED" });
  t.is(server.sockets.size, 0);
});
