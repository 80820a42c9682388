import { writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { temporaryFolder } from "../../temporary-folder.ts";
import { makeCertificate } from "./certificate.ts";
import { answerRange, CONTENT, ENV, fails, open, startServer, type TestServer } from "./server.ts";

const TOKEN = "token-that-is-secret";
const env = { ...ENV, DOCTEUR_TOKEN: TOKEN };

/** A server that sends all requests elsewhere. */
function leading(
  t: Parameters<typeof startServer>[0],
  to: (number: number) => string,
  status = 307,
): Promise<TestServer> {
  return startServer(t, (_, response, number) =>
    response.writeHead(status, { location: to(number), "content-length": 4 }).end("away"),
  );
}

for (const status of [301, 302, 303, 307, 308]) {
  test(`a redirect with ${status} is followed, and later reads go where it has led to`, async (t) => {
    const target = await startServer(t);
    const server = await leading(t, () => `${target.origin}/blob?sig=1`, status);
    const source = await open(t, `${server.origin}/disk.img`);
    for (let index = 0; index < 3; index++) {
      t.deepEqual(Buffer.from(await source.read(100_000, 9)), CONTENT.subarray(100_000, 100_009));
    }
    t.is(server.requests.length, 1);
    t.is(target.requests.length, 4);
    t.is(target.requests[3]!.url, "/blob?sig=1");
  });
}

test("credentials go to the server of the address and to no other, and come back to it", async (t) => {
  const headerFrom = join(temporaryFolder(t), "headers");
  writeFileSync(headerFrom, `X-Key: ${TOKEN}\nCookie: ${TOKEN}\n`);
  const target = await startServer(t);
  const middle = await startServer(t, (_, response) =>
    response.writeHead(302, { location: `${server.origin}/b` }).end(),
  );
  const server: TestServer = await startServer(t, (request, response) => {
    const location = { "/": "/a", "/a": middle.origin, "/b": target.origin }[request.url!];
    response.writeHead(302, { location }).end();
  });
  await open(t, server.origin, { headerFrom, env });
  t.deepEqual(
    server.requests.map(({ url }) => url),
    ["/", "/a", "/b"],
  );
  for (const { headers } of server.requests) {
    t.is(headers.authorization, `Bearer ${TOKEN}`);
    t.is(headers["x-key"], TOKEN);
    t.is(headers.cookie, TOKEN);
  }
  for (const { headers } of [...middle.requests, ...target.requests])
    t.false(JSON.stringify(headers).includes(TOKEN));
  t.is(target.requests[0]!.headers.range, "bytes=0-65535");
});

test("a password in the address that a redirect names is not sent", async (t) => {
  const target = await startServer(t);
  const server = await leading(t, () => target.origin.replace("//", "//user:password@"));
  await open(t, server.origin);
  t.is(target.requests[0]!.headers.authorization, undefined);
});

test("a target that has expired is asked for again from the address, even by many reads at once", async (t) => {
  for (const status of [403, 400, 401, 404, 410]) {
    let valid = 1;
    const target = await startServer(t, (request, response) =>
      request.url === `/blob?sig=${valid}`
        ? answerRange(request, response)
        : response.writeHead(status).end("expired"),
    );
    const server = await leading(t, () => `${target.origin}/blob?sig=${valid}`);
    const source = await open(t, server.origin);
    await source.read(100_000, 9);
    valid = 2;
    const reads = Array.from({ length: 5 }, (_, index) => source.read(100_000 + index, 9));
    for (const [index, bytes] of (await Promise.all(reads)).entries()) {
      t.deepEqual(Buffer.from(bytes), CONTENT.subarray(100_000 + index, 100_009 + index));
    }
    const before = server.requests.length;
    await source.read(100_000, 9);
    t.is(server.requests.length, before);
  }
});

test("a target that is away, or fails, is asked for again from the address", async (t) => {
  const first = await startServer(t, (request, response, number) =>
    number === 1 ? answerRange(request, response) : request.socket.destroy(),
  );
  const second = await startServer(t);
  const server = await leading(t, (number) => (number === 1 ? first : second).origin);
  const source = await open(t, server.origin);
  t.deepEqual(Buffer.from(await source.read(100_000, 9)), CONTENT.subarray(100_000, 100_009));
  t.deepEqual(
    [first, second, server].map(({ requests }) => requests.length),
    [2, 1, 2],
  );
});

test("a target that refuses from the start is SOURCE_DENIED, and the message says why credentials do not help", async (t) => {
  const target = await startServer(t, (_, response) => response.writeHead(403).end());
  const server = await leading(t, () => `${target.origin}/blob?sig=${TOKEN}`);
  const message =
    /^http:\S+ \(which leads to http:\S+\/blob\?\.\.\.\): access is refused \(HTTP 403 Forbidden\): credentials go to the server of the address only/;
  await fails(t, open(t, server.origin, { env }), "SOURCE_DENIED", message, [TOKEN]);
  t.is(target.requests.length, 1);
});

test("a redirect to another version means that the image has changed", async (t) => {
  const target = await startServer(t, (request, response) => {
    const version = new URL(request.url!, "http://x").pathname;
    if (version === "/1" && target.requests.length > 1) response.writeHead(404).end();
    else answerRange(request, response, { headers: { etag: `"${version}"` } });
  });
  const server = await leading(t, (number) => `${target.origin}/${number}`);
  const source = await open(t, server.origin);
  await fails(t, source.read(100_000, 9), "SOURCE_CHANGED", /has changed/);
});

test("10 redirects are followed, and not one more", async (t) => {
  const server = await startServer(t, (request, response) => {
    const left = Number(request.url!.slice(1));
    if (left === 0) answerRange(request, response);
    else response.writeHead(302, { location: `/${left - 1}`, "content-length": 0 }).end();
  });
  t.is((await open(t, `${server.origin}/10`)).size, CONTENT.length);
  const before = server.requests.length;
  await fails(
    t,
    open(t, `${server.origin}/11`),
    "SOURCE_MALFORMED",
    /leads from one address to another more than 10 times/,
  );
  t.is((server.requests.length - before) % 11, 0);
  const loop = await leading(t, () => "/");
  await fails(t, open(t, loop.origin), "SOURCE_MALFORMED", /more than 10 times/);
});

test("a redirect without an address, or to one that is not HTTP, is SOURCE_MALFORMED", async (t) => {
  for (const location of [undefined, "", "http://", "ftp://example.org/", "file:///etc/passwd", "data:,x"]) {
    const server = await startServer(t, (_, response) =>
      response.writeHead(302, location === undefined ? {} : { location }).end(),
    );
    // An empty one is the address itself.
    await fails(
      t,
      open(t, server.origin),
      "SOURCE_MALFORMED",
      /leads to an address of|without an address|more than 10 times/,
    );
  }
});

test("a redirect from https to http is refused, and one from http to https followed", async (t) => {
  const authority = makeCertificate();
  const cacert = join(temporaryFolder(t), "ca.pem");
  writeFileSync(cacert, authority.cert);
  const tls = makeCertificate({ issuer: authority });
  const plain = await startServer(t);
  const down = await startServer(
    t,
    (_, response) => response.writeHead(302, { location: `${plain.origin}/?sig=${TOKEN}` }).end(),
    tls,
  );
  await fails(t, open(t, down.origin, { cacert }), "SOURCE_UNSUPPORTED", /leads from https to http:/, [
    TOKEN,
  ]);
  t.is(plain.requests.length, 0);
  const secure = await startServer(t, undefined, tls);
  const up = await leading(t, () => secure.origin);
  t.is((await open(t, up.origin, { cacert, env })).size, CONTENT.length);
  t.is(secure.requests[0]!.headers.authorization, undefined);
});
