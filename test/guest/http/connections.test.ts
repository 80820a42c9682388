import { once } from "node:events";
import type { RequestListener } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import test, { type ExecutionContext } from "ava";
import { Connections } from "../../../guest/http/connections.ts";
import { descriptorLimit } from "../../../guest/http/descriptor-limit.ts";
import { boundedServer, close } from "../../../guest/http/server.ts";
import { get, RawSocket } from "./served.ts";

const REQUEST = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

/** A server with limits that a test can reach. */
async function serving(
  t: ExecutionContext,
  limits: ConstructorParameters<typeof Connections>[0],
  answer: RequestListener = (_, response) => response.end("done"),
) {
  const connections = new Connections(limits);
  const server = boundedServer(connections, answer).listen(0, "127.0.0.1");
  t.teardown(() => close([server], connections));
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { connections, server, port, socket: () => RawSocket.connect(t, port) };
}

test("when all connections are taken, the client that has waited longest makes way for the next", async (t) => {
  const { port, socket, connections } = await serving(t, { maxConnections: 4, protectedTime: 0, tick: 1 });
  const idle: RawSocket[] = [];
  for (let count = 0; count < 4; count++) {
    const raw = await socket();
    raw.write(REQUEST);
    await raw.said(/done$/);
    idle.push(raw);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  // The first asks again, so that it is the second that has waited longest.
  idle[0]!.write(REQUEST);
  await idle[0]!.said(/done.*done$/s);
  await new Promise((resolve) => setTimeout(resolve, 20));
  t.is((await get(port, "/")).body.toString(), "done");
  await idle[1]!.closed;
  t.true(connections.size <= 4);
  for (const index of [0, 2, 3]) {
    idle[index]!.write(REQUEST);
    await idle[index]!.said(/(done.*){2}$/s);
  }
});

test("clients that only connect, or ask slowly, do not keep others out", async (t) => {
  const { port, socket } = await serving(t, { maxConnections: 4, protectedTime: 0, tick: 1 });
  for (const words of ["", "GET / HTTP/1.1\r\nX: "]) {
    const slow = await Promise.all(Array.from({ length: 4 }, socket));
    for (const raw of slow) raw.write(words);
    await new Promise((resolve) => setTimeout(resolve, 20));
    for (let count = 0; count < 10; count++) t.is((await get(port, "/")).status, 200);
  }
});

test("a connection whose response is being prepared is not closed for another", async (t) => {
  const waiting: (() => void)[] = [];
  const answer: RequestListener = (_, response) => void waiting.push(() => response.end("done"));
  const { port, socket } = await serving(t, { maxConnections: 2, protectedTime: 0, tick: 1 }, answer);
  const asked = [await socket(), await socket()];
  for (const raw of asked) raw.write(REQUEST);
  while (waiting.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  await t.throwsAsync(get(port, "/"), { code: "ECONNRESET" });
  for (const finish of waiting) finish();
  for (const raw of asked) await raw.said(/done$/);
});

test("requests of one connection are answered one after the other", async (t) => {
  let [running, most] = [0, 0];
  const answer: RequestListener = (request, response) => {
    most = Math.max(most, ++running);
    setTimeout(() => {
      running--;
      response.end(request.url);
    }, 2);
  };
  const { socket } = await serving(t, {}, answer);
  const raw = await socket();
  const paths = Array.from({ length: 50 }, (_, index) => `/${index}`);
  raw.write(paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`).join(""));
  const text = await raw.said(/\/49$/);
  t.deepEqual(text.match(/^\/\d+(?=HTTP|$)/gm), paths);
  t.is(most, 1);
});

test("of clients that make many requests wait, the one with the most is cut off, and the rest are served", async (t) => {
  const released = Promise.withResolvers<void>();
  const answer: RequestListener = (request, response) => {
    if (request.url === "/now") response.end("done");
    else released.promise.then(() => response.end("done"));
  };
  const { port, socket } = await serving(t, { maxPipelined: 1024 * 1024 }, answer);
  const few = await socket();
  few.write(REQUEST.repeat(3));
  const many = await socket();
  many.write(REQUEST.repeat(2000));
  await many.closed;
  t.is((await get(port, "/now")).body.toString(), "done");
  released.resolve();
  await few.said(/(done.*){3}$/s);
});

test("a response that its client does not take can be aborted, one that is being prepared cannot", async (t) => {
  const piece = Buffer.alloc(64 * 1024 * 1024);
  const answer: RequestListener = (request, response) => {
    if (request.url === "/") response.end(piece);
  };
  const { connections, socket } = await serving(t, { protectedTime: 0, tick: 1 }, answer);
  t.false(await connections.abortSlowestResponse());
  const idle = await socket();
  const making = await socket();
  making.write("GET /never HTTP/1.1\r\nHost: a\r\n\r\n");
  const paused = await socket();
  paused.pause();
  paused.write(REQUEST);
  while (!(await connections.abortSlowestResponse())) await new Promise((resolve) => setTimeout(resolve, 5));
  t.false(await connections.abortSlowestResponse());
  paused.resume();
  t.true((await paused.closed).length < piece.length);
  t.is(connections.size, 2);
  idle.destroy();
});

test("a timeout closes a connection that waits for its client, not one whose client waits", async (t) => {
  const released = Promise.withResolvers<void>();
  const answer: RequestListener = (request, response) => {
    if (request.url === "/") response.end(Buffer.alloc(64 * 1024 * 1024));
    else released.promise.then(() => response.end("done"));
  };
  const { server, socket, connections } = await serving(t, {}, answer);
  const accepted: Socket[] = [];
  server.on("connection", (each) => accepted.push(each));
  const [waiting, silent, paused] = [await socket(), await socket(), await socket()];
  waiting.write("GET /late HTTP/1.1\r\nHost: a\r\n\r\n");
  paused.pause();
  paused.write(REQUEST);
  const isReady = () =>
    accepted.length === 3 &&
    connections.get(accepted[0]!)!.isAnswering &&
    connections.get(accepted[2]!)!.isAnswering &&
    accepted[2]!.writableLength > 0;
  while (!isReady()) await new Promise((resolve) => setTimeout(resolve, 5));
  for (const each of accepted) server.emit("timeout", each);
  t.is(await silent.closed, "");
  paused.resume();
  t.true((await paused.closed).length < 64 * 1024 * 1024);
  released.resolve();
  await waiting.said(/done$/);
});

test("the end does not wait for idle clients, tunnels, or responses that no client takes", async (t) => {
  const answer: RequestListener = (_, response) => response.end(Buffer.alloc(64 * 1024 * 1024));
  const { socket, connections } = await serving(t, {}, answer);
  const [idle, tunnel, paused] = [await socket(), await socket(), await socket()];
  tunnel.write("CONNECT a:22 HTTP/1.1\r\nHost: a\r\n\r\n");
  paused.pause();
  paused.write(REQUEST);
  while (connections.size < 3) await new Promise((resolve) => setTimeout(resolve, 5));
  const server = boundedServer(connections, answer);
  await close([server], connections);
  paused.resume();
  await Promise.all([idle.closed, tunnel.closed, paused.closed]);
  t.is(connections.size, 0);
});

test("the limit of descriptors is read as Linux writes it", (t) => {
  const lines =
    "Max processes             95968                95968                processes \n" +
    "Max open files            1024                 524288               files     \n";
  t.is(descriptorLimit(lines), 1024);
  t.is(
    descriptorLimit("Max open files            unlimited            unlimited            files"),
    Infinity,
  );
  t.is(descriptorLimit(""), Infinity);
  t.true(descriptorLimit() > 0);
});
