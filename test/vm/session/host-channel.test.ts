import { once } from "node:events";
import { connect as connectTo, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { PassThrough, Readable, Writable } from "node:stream";
import test, { type ExecutionContext } from "ava";
import { encodeFrame, type Frame, FrameDecoder, FrameType } from "../../../guest/protocol/frame.ts";
import { decodeRequest } from "../../../guest/protocol/request.ts";
import { HostChannel } from "../../../vm/session/host-channel.ts";
import { temporaryFolder } from "../../temporary-folder.ts";

const request = { program: "cat", args: ["/README.md"], env: {} };

/** Two connected sockets, as a guest and its host have them. */
async function openChannel(t: ExecutionContext): Promise<{ channel: HostChannel; guest: Socket }> {
  const folder = temporaryFolder(t);
  const server = createServer().listen(join(folder, "socket"));
  await once(server, "listening");
  const host = connectTo(join(folder, "socket"));
  const [guest] = (await once(server, "connection")) as [Socket];
  t.teardown(() => {
    host.destroy();
    guest.destroy();
    server.close();
  });
  return { channel: new HostChannel(host), guest };
}

async function* framesOf(socket: Socket): AsyncGenerator<Frame> {
  const decoder = new FrameDecoder();
  for await (const piece of socket) yield* decoder.push(piece);
}

function collector(): { stream: Writable; text: () => string } {
  const pieces: Buffer[] = [];
  const stream = new Writable({
    write(piece, _, done) {
      pieces.push(piece);
      done();
    },
  });
  return { stream, text: () => Buffer.concat(pieces).toString() };
}

test("the guest gets the request once it is ready", async (t) => {
  const { channel, guest } = await openChannel(t);
  guest.write(encodeFrame(FrameType.READY));
  t.true(await channel.ready());
  const { stream } = collector();
  const running = channel.run(request, { stdout: stream, stderr: stream });
  const { value } = await framesOf(guest).next();
  t.is(value.type, FrameType.RUN);
  t.deepEqual(decodeRequest(value.payload), request);
  guest.destroy();
  t.is(await running, undefined);
});

for (let status = 0; status <= 255; status++) {
  test(`a run returns status ${status} after all of its output`, async (t) => {
    const { channel, guest } = await openChannel(t);
    guest.write(encodeFrame(FrameType.READY));
    await channel.ready();
    const stdout = collector();
    const stderr = collector();
    const running = channel.run(request, { stdout: stdout.stream, stderr: stderr.stream });
    guest.write(encodeFrame(FrameType.STDOUT, Buffer.from("out")));
    guest.write(encodeFrame(FrameType.STDERR, Buffer.from("err")));
    guest.write(encodeFrame(FrameType.STDOUT, Buffer.from("put")));
    guest.write(encodeFrame(FrameType.EXIT, Uint8Array.of(status)));
    t.is(await running, status);
    t.is(stdout.text(), "output");
    t.is(stderr.text(), "err");
  });
}

test("a reader that takes nothing holds the guest back", async (t) => {
  const { channel, guest } = await openChannel(t);
  guest.write(encodeFrame(FrameType.READY));
  await channel.ready();
  let release = () => {};
  let taken = 0;
  const stdout = new Writable({
    write(piece, _, done) {
      taken += piece.length;
      if (taken > 1024 * 1024) done();
      else release = done;
    },
  });
  const running = channel.run(request, { stdout, stderr: stdout });
  const piece = encodeFrame(FrameType.STDOUT, new Uint8Array(256 * 1024));
  // More than sockets and streams hold between them.
  for (let count = 0; count < 40; count++) guest.write(piece);
  // Give everything that could flow the time to flow.
  for (let count = 0; count < 50; count++) await new Promise(setImmediate);
  t.is(taken, 256 * 1024, "one frame is being written, the rest waits in the socket");
  t.true(guest.writableLength > 4 * 1024 * 1024, "and most of that has not even left the guest");
  taken = 1024 * 1024;
  release();
  guest.write(encodeFrame(FrameType.EXIT, Uint8Array.of(0)));
  t.is(await running, 0);
});

test("input is read only after a WANT, a piece for each, and then its end is sent", async (t) => {
  const { channel, guest } = await openChannel(t);
  guest.write(encodeFrame(FrameType.READY));
  await channel.ready();
  let read = 0;
  const stdin = new Readable({
    highWaterMark: 1,
    read() {
      read++;
      this.push(read <= 2 ? Buffer.from(`piece ${read}`) : null);
    },
  });
  const { stream } = collector();
  const running = channel.run(request, { stdin, stdout: stream, stderr: stream });
  const frames = framesOf(guest);
  const next = async () => (await frames.next()).value as Frame;
  t.is((await next()).type, FrameType.RUN);
  t.is(read, 0);
  const seen: string[] = [];
  for (;;) {
    guest.write(encodeFrame(FrameType.WANT));
    const { type, payload } = await next();
    if (type === FrameType.STDIN_END) break;
    t.is(type, FrameType.STDIN);
    seen.push(Buffer.from(payload).toString());
  }
  t.deepEqual(seen, ["piece 1", "piece 2"]);
  guest.write(encodeFrame(FrameType.EXIT, Uint8Array.of(0)));
  t.is(await running, 0);
  t.true(stdin.destroyed);
});

test("an input that cannot be read is an error, not an end", async (t) => {
  const { channel, guest } = await openChannel(t);
  guest.write(encodeFrame(FrameType.READY));
  await channel.ready();
  const stdin = new Readable({
    read() {
      this.destroy(Object.assign(new Error("is a directory"), { code: "EISDIR" }));
    },
  });
  const { stream } = collector();
  const running = channel.run(request, { stdin, stdout: stream, stderr: stream });
  guest.write(encodeFrame(FrameType.WANT));
  await t.throwsAsync(running, { code: "INPUT_FAILED", message: "standard input cannot be read: EISDIR" });
});

test("a run without an input sends its end at the first WANT", async (t) => {
  const { channel, guest } = await openChannel(t);
  guest.write(encodeFrame(FrameType.READY));
  await channel.ready();
  const { stream } = collector();
  const running = channel.run(request, { stdout: stream, stderr: stream });
  const frames = framesOf(guest);
  await frames.next();
  guest.write(encodeFrame(FrameType.WANT));
  t.is((await frames.next()).value.type, FrameType.STDIN_END);
  guest.write(encodeFrame(FrameType.EXIT, Uint8Array.of(3)));
  t.is(await running, 3);
});

test("a guest that dies has no status", async (t) => {
  const { channel, guest } = await openChannel(t);
  guest.write(encodeFrame(FrameType.READY));
  await channel.ready();
  const { stream } = collector();
  const running = channel.run(request, { stdout: stream, stderr: stream });
  guest.destroy();
  t.is(await running, undefined);
});

test("a guest that closes its channel is not ready", async (t) => {
  const { channel, guest } = await openChannel(t);
  guest.end();
  t.false(await channel.ready());
});

test("a guest that sends no frame is malformed", async (t) => {
  const { channel, guest } = await openChannel(t);
  guest.write("kernel panic");
  await t.throwsAsync(channel.ready(), { code: "MALFORMED_FRAME" });
});

test("a closed output is an error of its own", async (t) => {
  const { channel, guest } = await openChannel(t);
  guest.write(encodeFrame(FrameType.READY));
  await channel.ready();
  const stdout = new PassThrough();
  stdout.destroy();
  const running = channel.run(request, { stdout, stderr: stdout });
  guest.write(encodeFrame(FrameType.STDOUT, Buffer.from("out")));
  await t.throwsAsync(running, { code: "OUTPUT_CLOSED" });
});

test("an output that fails otherwise has the cause in its error", async (t) => {
  const { channel, guest } = await openChannel(t);
  guest.write(encodeFrame(FrameType.READY));
  await channel.ready();
  const stdout = new Writable({
    write: (_piece, _encoding, done) => done(Object.assign(new Error("no space"), { code: "ENOSPC" })),
  });
  const running = channel.run(request, { stdout, stderr: stdout });
  guest.write(encodeFrame(FrameType.STDOUT, Buffer.from("out")));
  await t.throwsAsync(running, { code: "OUTPUT_FAILED", message: "the output cannot be written: ENOSPC" });
});

test("arguments that no frame holds are refused", async (t) => {
  const { channel, guest } = await openChannel(t);
  guest.write(encodeFrame(FrameType.READY));
  await channel.ready();
  const { stream } = collector();
  const args = ["x".repeat(1024 * 1024)];
  await t.throwsAsync(channel.run({ ...request, args }, { stdout: stream, stderr: stream }), {
    code: "ARGUMENTS_TOO_LONG",
    message: /--files-from -/,
  });
});
