import test from "ava";
import { served } from "./served.ts";
import { MOVIE, siteImage } from "./site-image.ts";

const { image } = siteImage();
const GUIDE = "Read me first.\n";
const get = (path: string, fields = "") => `GET ${path} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;
const CONNECT = "CONNECT a:22 HTTP/1.1\r\nHost: a\r\n\r\n";
const LAST = get("/docs/guide.txt", "Connection: close\r\n");

/** The statuses of answers, in their order. */
function statuses(text: string): number[] {
  return Array.from(text.matchAll(/HTTP\/1\.1 (\d{3}) /g), ([, digits]) => Number(digits));
}

test("clients that ask for a tunnel and reset the connection do not end the server", async (t) => {
  const { socket, get: answer } = await served(t, image);
  for (const ask of [CONNECT, `${get("/movie.mp4")}${CONNECT}`, `${CONNECT}x`, CONNECT.slice(0, 20)]) {
    for (let count = 0; count < 10; count++) {
      const raw = await socket();
      raw.write(ask);
      if (count % 2 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      raw.reset();
    }
    t.is((await answer("/docs/guide.txt")).status, 200);
  }
});

test("a tunnel is refused after the answers that are due, each of them whole", async (t) => {
  const { socket } = await served(t, image);
  // Nothing of the image has been verified yet, so that the answers are not at hand when CONNECT comes.
  for (const path of ["/movie.mp4", "/docs/guide.txt", "/movie.mp4"]) {
    const raw = await socket();
    raw.write(get(path) + get("/docs/guide.txt") + CONNECT + get("/nope"));
    const text = await raw.closed;
    t.deepEqual(statuses(text), [200, 200, 405]);
    t.true(path !== "/movie.mp4" || text.includes(MOVIE.toString("latin1")));
    t.regex(text, /\r\nAllow: GET, HEAD, OPTIONS\r\n/);
  }
});

for (const [what, request] of [
  ["with content", `CONNECT a:22 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabcde`],
  ["with content that does not come", `CONNECT a:22 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\na`],
  ["in absolute form", "CONNECT http://a/ HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["in HTTP/1.0", "CONNECT a:22 HTTP/1.0\r\n\r\n"],
  ["with TLS behind it", `${CONNECT}\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03`],
] as const) {
  test(`a tunnel is refused ${what}`, async (t) => {
    const { socket } = await served(t, image);
    const raw = await socket();
    raw.write(request);
    t.deepEqual(statuses(await raw.closed), [405]);
  });
}

test("the server closes connections that it has ended although the clients keep them open", async (t) => {
  const { socket } = await served(t, image);
  for (const request of [
    CONNECT,
    "nonsense\r\n\r\n",
    get("/docs/guide.txt", "Upgrade: h2c\r\nConnection: Upgrade\r\n"),
    get("/docs/guide.txt", "Content-Length: 10\r\n"),
    LAST,
  ]) {
    const raw = await socket({ allowHalfOpen: true });
    raw.write(request);
    // A client that goes on writing finds the connection gone: a reset, if not sooner.
    const writing = setInterval(() => raw.write("x"), 100);
    t.regex(await raw.closed, /^HTTP\/1\.1 \d{3} /);
    clearInterval(writing);
  }
});

for (const [what, fields] of [
  ["HTTP/2", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"],
  ["a web socket", "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"],
  ["anything, without saying so in Connection", "Upgrade: x\r\n"],
  ["nothing, although Connection says so", "Connection: upgrade\r\n"],
  ["HTTP/2, with content", "Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 3\r\n"],
] as const) {
  test(`answers do not shift behind a request to upgrade to ${what}`, async (t) => {
    const { socket } = await served(t, image);
    for (const first of ["/docs/guide.txt", "/movie.mp4"]) {
      const raw = await socket();
      raw.write(get("/") + get(first, fields) + (fields.includes("Length") ? "abc" : "") + get("/plain/"));
      await raw.said(/(HTTP\/1\.1 200 .*){2}/s);
      raw.write(get("/nope", "Connection: close\r\n"));
      const text = await raw.closed;
      const upgraded = statuses(text);
      t.deepEqual(upgraded, [200, 200, 404, 404].slice(0, upgraded.length));
      t.true(
        upgraded.length === 4 || /\r\nConnection: close\r\n/.test(text),
        "closed if not all are answered",
      );
      t.true(text.includes(first === "/movie.mp4" ? MOVIE.toString("latin1") : GUIDE));
      t.notRegex(text, /HTTP\/1\.1 101 /);
    }
  });
}

test("a malformed request is refused after the responses that are due", async (t) => {
  const { socket } = await served(t, image);
  for (const path of ["/movie.mp4", "/docs/guide.txt", "/docs/guide.txt"]) {
    const raw = await socket();
    raw.write(`${get(path)}${get("/nope")}nonsense\r\n\r\n${LAST}`);
    t.deepEqual(statuses(await raw.closed), [200, 404, 400]);
  }
});

test("a client that has closed its side gets the answers to what it asked", async (t) => {
  const { socket } = await served(t, image);
  for (const path of ["/movie.mp4", "/docs/guide.txt"]) {
    const raw = await socket({ allowHalfOpen: true });
    raw.write(get("/") + get(path));
    raw.end();
    const text = await raw.closed;
    t.deepEqual(statuses(text), [200, 200]);
    t.true(text.endsWith(path === "/movie.mp4" ? MOVIE.toString("latin1") : GUIDE));
  }
  const raw = await socket({ allowHalfOpen: true });
  raw.write("GET /docs/gui");
  raw.end();
  t.deepEqual(statuses(await raw.closed), [400]);
});

test("a client that sends much content can read the refusal", async (t) => {
  const { socket } = await served(t, image);
  for (const [request, status] of [
    ["POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n", 405],
    ["GET /docs/guide.txt HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n", 200],
    [`GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(8192)}`, 431],
  ] as const) {
    const raw = await socket();
    raw.write(request);
    raw.write("x".repeat(8 * 1024 * 1024));
    t.deepEqual(statuses(await raw.closed), [status]);
  }
});

test("a client that expects 100-continue is not asked for content", async (t) => {
  const { socket } = await served(t, image);
  for (const [fields, status] of [
    ["Expect: 100-continue\r\nContent-Length: 3\r\n", 200],
    ["Expect: 100-Continue\r\n", 200],
    ["Expect: a miracle\r\n", 417],
  ] as const) {
    const raw = await socket();
    raw.write(get("/docs/guide.txt", fields));
    t.deepEqual(statuses(await raw.closed), [status]);
  }
});

test("requests that come in part behind a long answer are answered once the client has taken that", async (t) => {
  const { socket } = await served(t, image);
  const raw = await socket();
  raw.pause();
  // More than one read of the socket brings, so that one request is torn.
  raw.write(get("/movie.mp4").repeat(10) + get("/docs/guide.txt").repeat(2000) + LAST);
  // Longer than a request may take to come whole.
  await new Promise((resolve) => setTimeout(resolve, 13_000));
  raw.resume();
  const all = statuses(await raw.closed);
  t.is(all.length, 2011);
  t.true(all.every((status) => status === 200));
});

for (const [what, request, status] of [
  ["of another coding", get("/", "Transfer-Encoding: xchunked\r\n"), 400],
  ["of two codings", `${get("/", "Transfer-Encoding: gzip, chunked\r\n")}0\r\n\r\n`, 501],
  [
    "of two codings in two fields",
    `${get("/", "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n")}0\r\n\r\n`,
    501,
  ],
  ["chunked twice", get("/", "Transfer-Encoding: chunked, chunked\r\n"), 400],
  ["chunked and then another", get("/", "Transfer-Encoding: chunked, identity\r\n"), 400],
  ["chunked with a parameter", get("/", "Transfer-Encoding: chunked;q=1\r\n"), 400],
  ["chunked in quotes", get("/", 'Transfer-Encoding: "chunked"\r\n'), 400],
  ["of no coding", get("/", "Transfer-Encoding: ,\r\n"), 400],
  ["chunked in HTTP/1.0", "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400],
  ["chunked", `${get("/", "Transfer-Encoding: Chunked\r\n")}0\r\n\r\n`, 200],
  ["of a length that is no number", get("/", "Content-Length: +3\r\n"), 400],
  ["with a folded field", get("/", "X: a\r\n b\r\n"), 400],
  ["with lines that end in LF", "GET / HTTP/1.1\nHost: a\n\n", 400],
  ["in HTTP/0.9", "GET /\r\n\r\n", 505],
  ["in HTTP/2.0", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505],
  ["with HTTP/2's preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400],
  ["with 101 fields", get("/", "a: b\r\n".repeat(100)), 431],
  ["with 100 fields", get("/", `Connection: close\r\n${"a: b\r\n".repeat(98)}`), 200],
  ["for everything", get("*", "Connection: close\r\n"), 400],
  ["for an authority", get("a:80"), 400],
  ["for another scheme", get("ftp://a/", "Connection: close\r\n"), 400],
  ["in absolute form", get("http://b:1/docs/guide.txt", "Connection: close\r\n"), 200],
  ["in absolute form with a user", get("http://user@b/"), 400],
  ["with a host and a user", "GET / HTTP/1.1\r\nHost: user@a\r\n\r\n", 400],
  ["with a host and a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400],
  ["with a host and words", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400],
  ["with a port for a host", "GET / HTTP/1.1\r\nHost: :80\r\n\r\n", 400],
  ["with half an IPv6 address", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400],
  ["with an IPv6 address", "GET / HTTP/1.1\r\nHost: [::1]:80\r\nConnection: close\r\n\r\n", 200],
  ["with an empty host", "GET / HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n", 200],
] as const) {
  test(`a request ${what} is answered ${status}, once, and the connection closed`, async (t) => {
    const { socket } = await served(t, image);
    const raw = await socket();
    raw.write(request);
    t.deepEqual(statuses(await raw.closed), [status]);
  });
}
