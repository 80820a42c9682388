import type { IncomingMessage, ServerResponse } from "node:http";
import test from "ava";
import { answerRange, CONTENT, ETAG, fails, open, rangeOf, startServer } from "./server.ts";

type Fault = (request: IncomingMessage, response: ServerResponse) => void;

/** The head of a right answer, as it is sent. */
function head(request: IncomingMessage, length?: number): string {
  const { first, last } = rangeOf(request, CONTENT.length);
  return [
    "HTTP/1.1 206 Partial Content",
    `ETag: ${ETAG}`,
    `Content-Range: bytes ${first}-${last}/${CONTENT.length}`,
    `Content-Length: ${length ?? last - first + 1}`,
    "",
    "",
  ].join("\r\n");
}

function body(request: IncomingMessage): Buffer {
  const { first, last } = rangeOf(request, CONTENT.length);
  return CONTENT.subarray(first, last + 1);
}

function withHeaders(headers: Record<string, string | undefined>): Fault {
  return (request, response) => answerRange(request, response, { headers });
}

/** Sends so much of the right answer, and resets or ends the connection. */
function cut(bytesOf: (head: number, body: number) => number, how: "reset" | "end"): Fault {
  return (request, { socket }) => {
    const answer = Buffer.concat([Buffer.from(head(request)), body(request)]);
    const sent = answer.subarray(0, bytesOf(head(request).length, body(request).length));
    socket!.write(sent, () => (how === "reset" ? socket!.resetAndDestroy() : socket!.end()));
  };
}

/** What may pass: the next request gets a right answer. */
const FAULTS: Readonly<Record<string, Fault>> = {
  "reset before the answer": cut(() => 0, "reset"),
  "reset in the status line": cut(() => 9, "reset"),
  "reset in the headers": cut((length) => length - 3, "reset"),
  "reset between headers and body": cut((length) => length, "reset"),
  "reset after the first byte": cut((length) => length + 1, "reset"),
  "reset in the middle": cut((length, rest) => length + (rest >> 1), "reset"),
  "reset before the last byte": cut((length, rest) => length + rest - 1, "reset"),
  "end before the answer": cut(() => 0, "end"),
  "end in the headers": cut((length) => length - 3, "end"),
  "end between headers and body": cut((length) => length, "end"),
  "end before the last byte": cut((length, rest) => length + rest - 1, "end"),
  "a Content-Length that is too small": (request, { socket }) =>
    socket!.end(Buffer.concat([Buffer.from(head(request, 5)), body(request)])),
  "a Content-Length that is too large": (request, { socket }) =>
    socket!.end(Buffer.concat([Buffer.from(head(request, 70_000)), body(request)])),
  "a chunk that is cut": (request, { socket }) =>
    socket!.end(`${head(request).replace(/Content-Length: \d+/, "Transfer-Encoding: chunked")}5\r\nabc`),
  "too few bytes in chunks": (request, response) =>
    answerRange(request, response, {
      headers: { "content-length": undefined, "content-range": head(request).match(/bytes \S+/)![0] },
      content: CONTENT.subarray(0, rangeOf(request, CONTENT.length).last),
    }),
  "too many bytes in chunks": (request, response) => {
    response.writeHead(206, { etag: ETAG, "content-range": head(request).match(/bytes \S+/)![0] });
    response.write(body(request));
    response.end("more");
  },
  "something other than HTTP": (_, { socket }) => socket!.end("220 mail.example.org ESMTP\r\n"),
  "two lengths": (request, { socket }) =>
    socket!.end(
      Buffer.concat([
        Buffer.from(head(request).replace("\r\nContent-Length", "\r\nContent-Length: 1\r\nContent-Length")),
        body(request),
      ]),
    ),
  "headers without end": (_, { socket }) =>
    socket!.end(`HTTP/1.1 206 x\r\nA: ${"a".repeat(100_000)}\r\n\r\n`),
  "the whole file": (_, response) =>
    response
      .writeHead(200, { etag: ETAG, "accept-ranges": "bytes", "content-length": CONTENT.length })
      .end(CONTENT),
  "another range": withHeaders({ "content-range": `bytes 1-65536/${CONTENT.length}` }),
  "a range that is too short": (request, response) => {
    const { first } = rangeOf(request, CONTENT.length);
    response
      .writeHead(206, { etag: ETAG, "content-range": `bytes ${first}-${first}/${CONTENT.length}` })
      .end("x");
  },
  "a total that is too small for its range": withHeaders({ "content-range": "bytes 0-65535/9" }),
  "no Content-Range": withHeaders({ "content-range": undefined }),
  "a Content-Range that is none": withHeaders({ "content-range": "bytes 0-9" }),
  "several ranges": withHeaders({
    "content-range": undefined,
    "content-type": "multipart/byteranges; boundary=x",
  }),
  gzip: withHeaders({ "content-encoding": "gzip" }),
  "an unknown encoding": withHeaders({ "content-encoding": "aes128gcm" }),
  "204": (_, response) => response.writeHead(204).end(),
  "304": (_, response) => response.writeHead(304).end(),
  "416": (request, response) =>
    answerRange(request, response, {
      status: 416,
      headers: { "content-range": `bytes */${CONTENT.length}` },
    }),
  ...Object.fromEntries(
    [408, 425, 429, 500, 502, 503, 504, 521].map((status): [string, Fault] => [
      String(status),
      (_, response) => response.writeHead(status, { "content-length": 3 }).end("no\n"),
    ]),
  ),
  "503 without end": (_, response) => {
    response.writeHead(503).write("x".repeat(1000));
  },
  "503 with Retry-After": (_, response) => response.writeHead(503, { "retry-after": "1" }).end(),
};

for (const [name, fault] of Object.entries(FAULTS)) {
  test(`${name}: the next attempt brings the right bytes, while opening and while reading`, async (t) => {
    const lines: string[] = [];
    const server = await startServer(t, (request, response, number) =>
      number === 1 || number === 3 ? fault(request, response) : answerRange(request, response),
    );
    const source = await open(t, `${server.origin}/disk.img?X-Sig=hidden`, {
      detail: (line) => lines.push(line),
    });
    t.is(source.size, CONTENT.length);
    t.deepEqual(Buffer.from(source.start), CONTENT.subarray(0, 65_536));
    t.deepEqual(Buffer.from(await source.read(100_000, 5000)), CONTENT.subarray(100_000, 105_000));
    t.is(server.requests.length, 4);
    t.is(lines.length, 2);
    for (const line of lines)
      t.regex(
        line,
        /^http:\/\/127\.0\.0\.1:\d+\/disk\.img\?\.\.\.: .*\(attempt 1, the next one in \d+\.\d s\)$/,
      );
  });
}

test("what a server keeps doing wrong is SOURCE_MALFORMED after a few attempts", async (t) => {
  for (const name of [
    "the whole file",
    "another range",
    "a range that is too short",
    "no Content-Range",
    "several ranges",
    "gzip",
    "204",
    "too many bytes in chunks",
  ]) {
    const server = await startServer(t, (request, response, number) =>
      number === 1 ? answerRange(request, response) : FAULTS[name]!(request, response),
    );
    const source = await open(t, `${server.origin}/?token=hidden`);
    await fails(t, source.read(100_000, 5000), "SOURCE_MALFORMED", /the server, or a proxy before it, /, [
      "hidden",
    ]);
    t.is(server.requests.length, 6, name);
  }
});

test("another total under the same tag is SOURCE_MALFORMED, and so is a tag that is missing later", async (t) => {
  for (const headers of [
    { "content-range": `bytes 100000-104999/${CONTENT.length + 1}` },
    { etag: undefined },
  ]) {
    const server = await startServer(t, (request, response, number) =>
      answerRange(request, response, number === 1 ? {} : { headers }),
    );
    const source = await open(t, server.origin);
    await fails(t, source.read(100_000, 5000), "SOURCE_MALFORMED", /contradicts what it has said before/);
  }
});

test("a server that keeps failing is an error after a few attempts at opening", async (t) => {
  const server = await startServer(t, (_, response) => response.writeHead(503).end());
  await fails(
    t,
    open(t, server.origin),
    "SOURCE_UNREACHABLE",
    /HTTP 503 Service Unavailable\): try again later$/,
  );
  t.is(server.requests.length, 6);
});

test("a server that asks for more time than there is, is an error at once", async (t) => {
  const server = await startServer(t, (_, response) =>
    response.writeHead(429, { "retry-after": "3600" }).end(),
  );
  await fails(
    t,
    open(t, server.origin),
    "SOURCE_UNREACHABLE",
    /HTTP 429 Too Many Requests\): try again in 3600 s, as the server asks for$/,
  );
  t.is(server.requests.length, 1);
});

test("a server that is silent, or trickles, for longer than the deadline is SOURCE_TIMEOUT", async (t) => {
  const silent = await startServer(t, () => {});
  await fails(
    t,
    open(t, silent.origin, { deadline: 2 }),
    "SOURCE_TIMEOUT",
    /no whole answer within 2 s|the server sends nothing/,
  );
  const trickling = await startServer(t, (request, response) => trickle(request, response, 100));
  await fails(
    t,
    open(t, trickling.origin, { deadline: 2 }),
    "SOURCE_TIMEOUT",
    /no whole answer within 2 s|the server sends nothing/,
  );
});

test("an answer that falls silent is given up, and the next attempt brings it", async (t) => {
  const server = await startServer(t, (request, response, number) => {
    if (number !== 2) return answerRange(request, response);
    response.socket!.write(Buffer.concat([Buffer.from(head(request)), body(request).subarray(0, 9)]));
  });
  const source = await open(t, server.origin, { deadline: 20 });
  t.deepEqual(Buffer.from(await source.read(100_000, 5000)), CONTENT.subarray(100_000, 105_000));
  t.is(server.requests.length, 3);
});

test("an answer that trickles is read", async (t) => {
  const server = await startServer(t, (request, response, number) =>
    number === 1 ? answerRange(request, response) : trickle(request, response, 1),
  );
  const source = await open(t, server.origin);
  t.deepEqual(Buffer.from(await source.read(100_000, 30)), CONTENT.subarray(100_000, 100_030));
});

/** Sends a right answer byte by byte. */
function trickle(request: IncomingMessage, { socket }: ServerResponse, pause: number): void {
  const bytes = Buffer.concat([Buffer.from(head(request)), body(request)]);
  let sent = 0;
  const timer = setInterval(() => {
    socket!.write(bytes.subarray(sent, sent + 1));
    if (++sent === bytes.length) clearInterval(timer);
  }, pause);
  socket!.on("close", () => clearInterval(timer));
}
