import test from "ava";
import { served } from "./served.ts";
import { MOVIE, siteImage } from "./site-image.ts";

const { image } = siteImage();
const GUIDE = "GET /docs/guide.txt HTTP/1.1\r\nHost: localhost\r\n\r\n";

test("one connection serves one request after the other, and several that come at once in their order", async (t) => {
  const { socket } = await served(t, image);
  const raw = await socket();
  raw.write(GUIDE);
  await raw.said(/Read me first\.\n$/);
  const paths = ["/docs/guide.txt", "/movie.mp4", "/nope", "/", "/docs/guide.txt"];
  const requests = paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  raw.write(requests.join("").replace(/\r\n\r\n$/, "\r\nConnection: close\r\n\r\n"));
  const text = await raw.closed;
  const answers = text.split(/(?=HTTP\/1\.1 \d{3} )/);
  t.deepEqual(
    answers.map((answer) => answer.slice(9, 12)),
    ["200", "200", "200", "404", "200", "200"],
  );
  t.true(answers[2]!.endsWith(MOVIE.toString("latin1")));
  t.true(answers[5]!.endsWith("Read me first.\n"));
});

test("a request that comes byte by byte is answered", async (t) => {
  const { socket } = await served(t, image);
  const raw = await socket();
  for (const byte of GUIDE) {
    raw.write(byte);
    await new Promise((resolve) => setImmediate(resolve));
  }
  t.regex(await raw.said(/Read me first\.\n$/), /^HTTP\/1\.1 200 OK\r\n/);
});

test("HTTP/1.0 is answered, and the connection closed", async (t) => {
  const { socket } = await served(t, image);
  const raw = await socket();
  raw.write("GET /docs/guide.txt HTTP/1.0\r\n\r\n");
  t.regex(await raw.closed, /^HTTP\/1\.1 200 OK\r\n.*\r\nConnection: close\r\n.*Read me first\.\n$/s);
});

for (const [what, request, status] of [
  ["header fields of more than 8 KB", `GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(9000)}\r\n\r\n`, 431],
  ["a target of more than 8 KB", `GET /${"x".repeat(9000)} HTTP/1.1\r\nHost: a\r\n\r\n`, 431],
  ["many small header fields", `GET / HTTP/1.1\r\nHost: a\r\n${"a: b\r\n".repeat(2000)}\r\n`, 431],
  ["no HTTP", "hello\r\n\r\n", 400],
  ["another protocol", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400],
  ["a version to come", "GET / HTTP/9.9\r\nHost: a\r\n\r\n", 400],
  ["no host", "GET / HTTP/1.1\r\n\r\n", 400],
  ["two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n", 400],
  ["a space before a colon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400],
  ["a NUL in a field", "GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n", 400],
  [
    "both lengths",
    "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
    400,
  ],
  ["two lengths", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc", 400],
  ["a malformed target", "GET /% HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 400],
  ["a tunnel", "CONNECT localhost:22 HTTP/1.1\r\nHost: localhost:22\r\n\r\n", 405],
] as const) {
  test(`${what}: ${status}, and the others are served`, async (t) => {
    const { socket, get } = await served(t, image);
    const raw = await socket();
    raw.write(request);
    t.regex(await raw.closed, new RegExp(`^HTTP/1\\.1 ${status} `));
    t.is((await get("/docs/guide.txt")).status, 200);
  });
}

test("header fields without end are not read to their end", async (t) => {
  const { socket, get } = await served(t, image);
  const raw = await socket();
  raw.write(`GET / HTTP/1.1\r\nHost: a\r\n${"X: y\r\n".repeat(1_000_000)}`);
  // The connection may be reset before the answer is read.
  t.regex(await raw.closed, /^HTTP\/1\.1 431 |^$/);
  t.is((await get("/docs/guide.txt")).status, 200);
});

test("8 KB of header fields are not too many", async (t) => {
  const { get } = await served(t, image);
  t.is((await get("/docs/guide.txt", { "x-long": "x".repeat(7900) })).status, 200);
});

test("the content of a request is not read, and nothing after it is a request", async (t) => {
  const { socket } = await served(t, image);
  for (const head of ["Content-Length: 60", "Transfer-Encoding: chunked"]) {
    const raw = await socket();
    raw.write(`POST / HTTP/1.1\r\nHost: a\r\n${head}\r\n\r\n${GUIDE}`);
    const text = await raw.closed;
    t.regex(text, /^HTTP\/1\.1 4\d\d .*\r\nConnection: close\r\n/s);
    t.notRegex(text, /Read me first/);
  }
});

test("a client that sends a request too slowly is disconnected, while others are served", async (t) => {
  const { socket, get } = await served(t, image);
  const slow = await Promise.all(Array.from({ length: 50 }, () => socket()));
  for (const raw of slow) raw.write("GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ");
  const dripping = setInterval(() => {
    for (const raw of slow) raw.write("x");
  }, 500);
  t.teardown(() => clearInterval(dripping));
  t.is((await get("/docs/guide.txt")).status, 200);
  for (const text of await Promise.all(slow.map(({ closed }) => closed)))
    t.regex(text, /^HTTP\/1\.1 408 |^$/);
  t.is((await get("/docs/guide.txt")).status, 200);
});

test("1,000 idle connections do not keep others from being served", async (t) => {
  const { socket, get } = await served(t, image);
  const idle = await Promise.all(Array.from({ length: 1000 }, () => socket()));
  for (const raw of idle) raw.write(GUIDE);
  await Promise.all(idle.map((raw) => raw.said(/Read me first\.\n$/)));
  t.is((await get("/movie.mp4")).body.length, MOVIE.length);
  // All of them are still there.
  for (const raw of idle) raw.write(GUIDE);
  const texts = await Promise.all(idle.map((raw) => raw.said(/Read me first\.\n.*Read me first\.\n$/s)));
  t.is(texts.filter((text) => text.match(/^HTTP\/1\.1 200 OK/gm)?.length === 2).length, 1000);
});

test("a client that leaves early or does not read does not keep others from being served", async (t) => {
  const { socket, get } = await served(t, image);
  const request = "GET /movie.mp4 HTTP/1.1\r\nHost: localhost\r\n\r\n";
  for (let count = 0; count < 10; count++) {
    const leaving = await socket();
    leaving.write(request);
    await leaving.said(/^HTTP\/1\.1 200/);
    leaving.destroy();
    const paused = await socket();
    paused.pause();
    paused.write(request.repeat(5));
  }
  t.is((await get("/movie.mp4")).body.length, MOVIE.length);
});
