import { once } from "node:events";
import { createServer } from "node:http";
import test from "ava";
import type { Multiplexer } from "../../../../guest/protocol/streams/multiplexer.ts";
import type { Stream } from "../../../../guest/protocol/streams/stream.ts";
import { StreamSocket } from "../../../../guest/runtime/streams/stream-socket.ts";
import { link, Received } from "../../protocol/streams/linked.ts";

const PEER = { address: "192.0.2.7", port: 4711 };
const REQUEST = "GET /path HTTP/1.1\r\nHost: a\r\n\r\n";

/** A stream of the host, and the guest's socket for it. */
async function open(
  cut?: number[],
): Promise<{ stream: Stream; received: Received; socket: StreamSocket; host: Multiplexer }> {
  const { promise, resolve } = Promise.withResolvers<StreamSocket>();
  const { host } = link(cut, (stream) => resolve(new StreamSocket(stream, 80, PEER)));
  const stream = host.open(Buffer.from("opening"));
  return { host, stream, received: new Received(stream), socket: await promise };
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}

test("a server of node:http answers, and knows the client", async (t) => {
  const { stream, received, socket } = await open([5]);
  const seen: unknown[] = [];
  const server = createServer((request, response) => {
    const { remoteAddress, remotePort, remoteFamily } = request.socket;
    seen.push([request.url, remoteAddress, remotePort, remoteFamily]);
    response.on("close", () => socket.checkpoint());
    response.end("answer");
  });
  server.emit("connection", socket);
  stream.write(Buffer.from(REQUEST));
  await until(() => received.checkpoints.length === 1);
  t.deepEqual(seen, [["/path", "192.0.2.7", 4711, "IPv4"]]);
  t.true(received.bytes.toString().endsWith("answer"));
  t.deepEqual(received.checkpoints, [REQUEST.length]);
  stream.write(Buffer.from(`${REQUEST}GET /`));
  await until(() => received.bytes.toString().split("answer").length === 3);
  await new Promise((resolve) => setTimeout(resolve, 50));
  // A part of the next request has been read: another machine could not go on here.
  t.deepEqual(received.checkpoints, [REQUEST.length]);
});

test("the last answer of a connection arrives before its end", async (t) => {
  const { stream, received, socket } = await open();
  const body = "x".repeat(300_000);
  const server = createServer((_request, response) =>
    response.writeHead(200, { Connection: "close" }).end(body),
  );
  server.emit("connection", socket);
  stream.write(Buffer.from(REQUEST));
  await until(() => received.hasEnded || received.ending !== undefined);
  t.true(received.bytes.toString().includes(body));
});

test("each side may end alone", async (t) => {
  const { stream, received, socket } = await open();
  stream.end();
  await once(socket.resume(), "end");
  socket.end("still sent");
  await until(() => received.ending !== undefined);
  t.deepEqual([String(received.bytes), received.ending], ["still sent", "closed"]);
  if (!socket.closed) await once(socket, "close");
  t.true(socket.destroyed);
});

test("what has arrived is read even if both sides have ended before", async (t) => {
  const { stream, received, socket } = await open();
  stream.write(Buffer.from("read late"));
  stream.end();
  socket.end();
  await until(() => received.ending === "closed");
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  t.is(String(Buffer.concat(await socket.toArray())), "read late");
});

test("a socket that is destroyed closes its stream, one that is reset resets it", async (t) => {
  const closed = await open();
  closed.socket.destroy();
  await until(() => closed.received.ending !== undefined);
  const reset = await open();
  reset.socket.resetAndDestroy();
  await until(() => reset.received.ending !== undefined);
  t.deepEqual([closed.received.ending, reset.received.ending], ["closed", "reset"]);
});

test("a client that resets is an error of the socket", async (t) => {
  const { socket, stream } = await open();
  const failed = once(socket, "error");
  stream.reset();
  t.regex(((await failed) as [Error])[0].message, /reset/);
});

test("a socket that does not read holds up its stream within the window", async (t) => {
  const { stream, socket } = await open();
  stream.write(Buffer.alloc(1_000_000, "x"));
  await until(() => socket.readableLength > 0);
  for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve));
  t.true(socket.readableLength <= 2 * 64 * 1024);
  let length = 0;
  socket.on("data", (bytes: Buffer) => {
    length += bytes.length;
  });
  await until(() => length === 1_000_000);
  t.is(socket.bytesRead, 1_000_000);
});

test("a socket without activity emits timeout, again and again", async (t) => {
  const { socket } = await open();
  // The clock of sockets keeps no process alive.
  const alive = setInterval(() => {}, 1000);
  socket.setTimeout(500);
  await once(socket, "timeout");
  await once(socket, "timeout");
  clearInterval(alive);
  socket.setTimeout(0);
  t.is(socket.idleLimit, 0);
});
