import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import test, { type ExecutionContext } from "ava";
import { type HttpAnswer, readBody } from "../../../remote/http/answer.ts";
import { type Authorization, HttpClient, type HttpRequest } from "../../../remote/http/client.ts";
import { requireStatus } from "../../../remote/http/status.ts";
import { CONTENT, ENV, fails, startServer } from "./server.ts";

function client(t: ExecutionContext): HttpClient {
  const made = new HttpClient({ env: ENV, deadline: 30 });
  t.teardown(() => made[Symbol.asyncDispose]());
  return made;
}

function request(url: string, more: Partial<HttpRequest> = {}): HttpRequest {
  return { url: new URL(url), display: "the thing", ...more };
}

async function text(answer: HttpAnswer): Promise<string> {
  requireStatus(answer, [200, 201]);
  return Buffer.from(await readBody(answer, 1_000_000)).toString();
}

/** A server that answers with what it was sent. */
async function echo(message: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks = await message.toArray();
  response.end(`${message.method} ${message.headers["content-length"]} ${Buffer.concat(chunks).length}`);
}

test("a body is sent with its length, short or long, and a stream as it comes", async (t) => {
  const server = await startServer(t, echo);
  const send = (more: Partial<HttpRequest>) => client(t).exchange(request(server.origin, more), text);
  t.is(await send({ method: "PUT", body: Buffer.from("abc") }), "PUT 3 3");
  t.is(await send({ method: "POST", body: new Uint8Array(0) }), "POST 0 0");
  t.is(await send({ method: "PATCH", body: CONTENT }), `PATCH ${CONTENT.length} ${CONTENT.length}`);
  const body = () => Readable.from([Buffer.from("ab"), Buffer.from("c")]);
  t.is(await send({ method: "PUT", body }), "PUT undefined 3");
  t.is(await send({ method: "PUT", body, headers: { "content-length": "3" } }), "PUT 3 3");
});

test("a body is sent again in full, after a failure and after a redirect that keeps the method", async (t) => {
  const target = await startServer(t, (message, response, number) =>
    number === 1 ? message.socket.destroy() : echo(message, response),
  );
  const server = await startServer(t, (message, response, number) => {
    message.resume();
    if (number === 1) response.writeHead(503).end();
    else response.writeHead(307, { location: target.origin }).end();
  });
  for (const body of [CONTENT, () => Readable.from([CONTENT])]) {
    const answer = await client(t).exchange(request(server.origin, { method: "PUT", body }), text);
    t.true(answer.endsWith(` ${CONTENT.length}`), answer);
  }
});

test("a redirect that would change the method of a request with a body is not followed", async (t) => {
  const server = await startServer(t, (_, response) => response.writeHead(302, { location: "/other" }).end());
  const status = await client(t).exchange(
    request(server.origin, { method: "POST" }),
    async (answer) => answer.status,
  );
  t.is(status, 302);
  t.is(server.requests.length, 1);
});

test("what must not be done twice is done once", async (t) => {
  const server = await startServer(t, (message) => message.socket.destroy());
  const sent = client(t).exchange(request(server.origin, { method: "POST", attempts: 1 }), text);
  await fails(t, sent, "SOURCE_UNREACHABLE", /^the thing: the connection was cut: try again later$/);
  t.is(server.requests.length, 1);
});

test("HEAD has headers and no body", async (t) => {
  const server = await startServer(t, (_, response) =>
    response.writeHead(200, { "content-length": 70_000 }).end(),
  );
  const own = client(t);
  for (let index = 0; index < 3; index++) {
    const length = await own.exchange(request(server.origin, { method: "HEAD" }), async (answer) => [
      answer.headers["content-length"],
      (await readBody(answer, 70_000)).length,
    ]);
    t.deepEqual(length, ["70000", 0]);
  }
});

test("a body that is longer than it may be is refused, with and without a length", async (t) => {
  for (const headers of [{ "content-length": "1000001" }, {}]) {
    const server = await startServer(t, (_, response) =>
      response.writeHead(200, headers).end("x".repeat(1_000_001)),
    );
    await fails(
      t,
      client(t).exchange(request(server.origin), text),
      "SOURCE_UNSUPPORTED",
      /more than 1000000 bytes/,
    );
  }
});

/** Authorization that is renewed each time that a server asks for it. */
function renewing(origin: string, log: (string | undefined)[], renewable = true): Authorization {
  let token = 0;
  return {
    origin,
    headers: (): Record<string, string> => (token === 0 ? {} : { authorization: `Bearer ${token}` }),
    async renew(challenge) {
      log.push(challenge);
      token++;
      return renewable;
    },
  };
}

test("after a 401 the authorization is renewed and the request sent once more", async (t) => {
  const server = await startServer(t, (message, response) => {
    if (message.headers.authorization === "Bearer 1") response.end("in");
    else response.writeHead(401, { "www-authenticate": 'Bearer realm="r"' }).end("out");
  });
  const log: (string | undefined)[] = [];
  const authorization = renewing(server.origin, log);
  const own = client(t);
  t.is(await own.exchange(request(server.origin, { authorization }), text), "in");
  t.is(await own.exchange(request(server.origin, { authorization }), text), "in");
  t.deepEqual(log, ['Bearer realm="r"']);
  t.is(server.requests.length, 3);
});

test("a server that goes on refusing is SOURCE_DENIED", async (t) => {
  const server = await startServer(t, (_, response) => response.writeHead(401).end());
  for (const [renewable, requests] of [
    [true, 2],
    [false, 1],
  ] as const) {
    const before = server.requests.length;
    const authorization = renewing(server.origin, [], renewable);
    await fails(
      t,
      client(t).exchange(request(server.origin, { authorization }), text),
      "SOURCE_DENIED",
      /^the thing: access is refused/,
    );
    t.is(server.requests.length - before, requests);
  }
});

test("another server neither gets the authorization nor makes it renewed", async (t) => {
  const other = await startServer(t, (_, response) =>
    response.writeHead(401, { "www-authenticate": "Bearer" }).end(),
  );
  const server = await startServer(t, (_, response) =>
    response.writeHead(307, { location: other.origin }).end(),
  );
  const log: (string | undefined)[] = [];
  const authorization = renewing(server.origin, log);
  await fails(
    t,
    client(t).exchange(request(server.origin, { authorization }), text),
    "SOURCE_DENIED",
    /leads to/,
  );
  t.deepEqual(log, []);
  t.is(other.requests[0]!.headers.authorization, undefined);
});

test("a defect of the one who receives is passed on as it is", async (t) => {
  const server = await startServer(t, (_, response) => response.end(CONTENT));
  const defect = new TypeError("a defect");
  const received = client(t).exchange(request(server.origin), async () => {
    throw defect;
  });
  t.is(await t.throwsAsync(received), defect);
  t.is(server.requests.length, 1);
});
