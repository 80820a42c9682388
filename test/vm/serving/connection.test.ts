import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import test, { type ExecutionContext } from "ava";
import type { Multiplexer } from "../../../guest/protocol/streams/multiplexer.ts";
import { decodeOpening } from "../../../guest/protocol/streams/opening.ts";
import type { Stream } from "../../../guest/protocol/streams/stream.ts";
import { type Backend, Connection } from "../../../vm/serving/connection.ts";
import { link, Received } from "../../guest/protocol/streams/linked.ts";

/** A machine in this process: what its program does with streams is up to the test. */
class Machine implements Backend {
  readonly connections = new Set<Connection>();
  readonly received: Received[] = [];
  busy = 0;
  isRetired = false;
  readonly #linked = link(undefined, (stream) => void this.received.push(new Received(stream)));

  get streams(): readonly Stream[] {
    return this.#linked.opened;
  }

  open(opening: Buffer): Stream {
    this.opening = opening;
    return this.#linked.host.open(opening);
  }

  opening: Buffer | undefined;

  /** The machine dies. */
  die(): void {
    (this.#linked.host as Multiplexer).lose();
  }
}

/** A client and its connection. */
class Pair {
  readonly client: Socket;
  readonly machines: Machine[];
  readonly waiting: Connection[] = [];
  text = "";
  ended: "end" | "reset" | undefined;

  constructor(client: Socket, machines: Machine[]) {
    this.client = client;
    this.machines = machines;
    client.on("data", (bytes) => {
      this.text += bytes;
    });
    client.on("end", () => {
      this.ended ??= "end";
    });
    client.on("error", () => {
      this.ended = "reset";
    });
  }

  /** Waits for something that must come. */
  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Connects a client; its requests go to the first machine that is not retired. */
async function start(t: ExecutionContext, machines: Machine[], isResumable = true): Promise<Pair> {
  let pair: Pair;
  const server: Server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
    const peer = { address: socket.remoteAddress!, port: socket.remotePort! };
    const backends = {
      pick: (connection: Connection) => {
        const machine = machines.find(({ isRetired }) => !isRetired);
        if (machine === undefined) pair.waiting.push(connection);
        return machine;
      },
      forget() {},
    };
    new Connection(socket, { port: 80, peer }, backends, { isResumable });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = connect({ port: (server.address() as AddressInfo).port, allowHalfOpen: true });
  pair = new Pair(client, machines);
  t.teardown(() => {
    client.destroy();
    server.close();
  });
  await once(client, "connect");
  return pair;
}

const REQUEST = "GET / HTTP/1.1\r\n\r\n";

/** Waits until a machine has a request on its stream. */
async function request(pair: Pair, machine: Machine, text = REQUEST, index = 0): Promise<Stream> {
  await pair.until(
    () => machine.streams.length > index && machine.received[index]!.bytes.toString().endsWith(text),
  );
  return machine.streams[index]!;
}

test("a request goes to a machine, with the client's address, and the answer comes back", async (t) => {
  const machine = new Machine();
  const pair = await start(t, [machine]);
  t.is(machine.streams.length, 0);
  pair.client.write(REQUEST);
  const stream = await request(pair, machine);
  const { port, peer } = decodeOpening(machine.opening!);
  t.deepEqual([port, peer], [80, { address: "127.0.0.1", port: pair.client.localPort! }]);
  t.is(machine.busy, 1);
  stream.write(Buffer.from("answer"));
  stream.checkpoint(REQUEST.length);
  await pair.until(() => pair.text === "answer" && machine.busy === 0);
  pair.client.end();
  await pair.until(() => machine.received[0]!.hasEnded);
  stream.end();
  await pair.until(() => pair.ended === "end");
  t.is(machine.connections.size, 0);
});

test("the next machine gets the requests that have no answer", async (t) => {
  const [first, second] = [new Machine(), new Machine()];
  const pair = await start(t, [first, second]);
  pair.client.write(REQUEST);
  const stream = await request(pair, first);
  stream.write(Buffer.from("one,"));
  stream.checkpoint(REQUEST.length);
  await pair.until(() => pair.text === "one,");
  pair.client.write("GET /2 ");
  pair.client.write("HTTP/1.1\r\n\r\n");
  await pair.until(() => first.received[0]!.bytes.length === 2 * REQUEST.length + 1);
  first.isRetired = true;
  first.die();
  const next = await request(pair, second, "\r\n\r\n");
  t.is(String(second.received[0]!.bytes), "GET /2 HTTP/1.1\r\n\r\n");
  next.write(Buffer.from("two"));
  await pair.until(() => pair.text === "one,two");
  t.deepEqual([first.busy, second.busy, first.connections.size], [0, 1, 0]);
});

test("a client whose answer has begun is reset when the machine dies", async (t) => {
  const [first, second] = [new Machine(), new Machine()];
  const pair = await start(t, [first, second]);
  pair.client.write(REQUEST);
  const stream = await request(pair, first);
  stream.write(Buffer.from("par"));
  await pair.until(() => pair.text === "par");
  first.isRetired = true;
  first.die();
  await pair.until(() => pair.ended !== undefined);
  t.is(pair.ended, "reset");
  t.is(second.streams.length, 0);
});

test("requests that are too long to keep are not repeated", async (t) => {
  const [first, second] = [new Machine(), new Machine()];
  const pair = await start(t, [first, second]);
  pair.client.write("x".repeat(65_537));
  await pair.until(() => first.streams.length > 0 && first.received[0]!.bytes.length === 65_537);
  first.isRetired = true;
  first.die();
  await pair.until(() => pair.ended !== undefined);
  t.is(second.streams.length, 0);
});

test("a program that reports no checkpoints gets a connection again only if nothing was sent", async (t) => {
  for (const sends of [false, true]) {
    const [first, second] = [new Machine(), new Machine()];
    const pair = await start(t, [first, second], false);
    await pair.until(() => first.streams.length === 1);
    if (sends) {
      pair.client.write("order");
      await request(pair, first, "order");
    }
    first.isRetired = true;
    first.die();
    if (sends) await pair.until(() => pair.ended === "reset");
    else await pair.until(() => second.streams.length === 1);
    t.is(second.streams.length, sends ? 0 : 1);
  }
});

test("a connection leaves a retired machine between two requests, and the client sees nothing of it", async (t) => {
  const [first, second] = [new Machine(), new Machine()];
  const pair = await start(t, [first, second]);
  pair.client.write(REQUEST);
  const stream = await request(pair, first);
  first.isRetired = true;
  for (const connection of first.connections) connection.leave();
  t.is(first.connections.size, 1);
  stream.write(Buffer.from("one,"));
  stream.checkpoint(REQUEST.length);
  await pair.until(() => first.connections.size === 0 && first.received[0]!.ending !== undefined);
  pair.client.write(REQUEST);
  (await request(pair, second)).write(Buffer.from("two"));
  await pair.until(() => pair.text === "one,two");
  t.is(pair.ended, undefined);
});

test("a client waits while there is no machine", async (t) => {
  const pair = await start(t, []);
  pair.client.write(REQUEST);
  await pair.until(() => pair.waiting.length === 1);
  const machine = new Machine();
  pair.waiting[0]!.attach(machine);
  (await request(pair, machine)).write(Buffer.from("late"));
  await pair.until(() => pair.text === "late");
  t.pass();
});

test("a client that goes resets its stream; a machine that resets, its client", async (t) => {
  const machine = new Machine();
  const gone = await start(t, [machine]);
  gone.client.write(REQUEST);
  await request(gone, machine);
  gone.client.resetAndDestroy();
  await gone.until(() => machine.received[0]!.ending === "reset");
  const pair = await start(t, [machine]);
  pair.client.write(REQUEST);
  (await request(pair, machine, REQUEST, 1)).reset();
  await pair.until(() => pair.ended === "reset");
  t.is(machine.connections.size, 0);
});

test("a machine that closes a connection still delivers what it has sent", async (t) => {
  const machine = new Machine();
  const pair = await start(t, [machine]);
  pair.client.write(REQUEST);
  const stream = await request(pair, machine);
  stream.write(Buffer.alloc(60_000, "a"));
  stream.close();
  await pair.until(() => pair.ended !== undefined);
  t.deepEqual([pair.ended, pair.text.length], ["end", 60_000]);
});

for (const bytes of [REQUEST.length + 1, -1, Number.NaN]) {
  test(`a checkpoint at ${bytes} bytes of ${REQUEST.length} is malformed`, async (t) => {
    const stream = {
      listener: undefined as unknown,
      write: () => true,
      close() {},
      reset() {},
      end() {},
      consumed() {},
    };
    const machine = { connections: new Set<Connection>(), busy: 0, isRetired: false, open: () => stream };
    const pair = await start(t, [machine as unknown as Machine]);
    pair.client.write(REQUEST);
    await pair.until(() => stream.listener !== undefined);
    const connection = stream.listener as Connection;
    t.throws(() => connection.onCheckpoint(bytes), { code: "MALFORMED_FRAME" });
    connection.onCheckpoint(REQUEST.length);
    t.is(machine.busy, 0);
  });
}
