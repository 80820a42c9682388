import { PassThrough, Readable, Writable } from "node:stream";
import test from "ava";
import fc from "fast-check";
import {
  encodeFrame,
  FROM_GUEST,
  type Frame,
  FrameDecoder,
  FrameType,
  MAX_PAYLOAD,
} from "../../guest/protocol/frame.ts";
import { HostChannel } from "../../vm/session/host-channel.ts";
import { Collector } from "./fixture.ts";
import { EndlessInput, HostileChannel, settle } from "./hostile-channel.ts";

const request = { program: "cat", args: [], env: {} };

const READY = encodeFrame(FrameType.READY);
const WANT = encodeFrame(FrameType.WANT);
const EXIT = encodeFrame(FrameType.EXIT, Uint8Array.of(0));

/** What the input reads at a time. */
const PIECE = 64 * 1024;

const discard = () => ({ stdout: new Collector(), stderr: new Collector() });

test("a flood of requests for input that the guest never takes gets one answer", async (t) => {
  const channel = new HostileChannel();
  const stdin = new EndlessInput({ highWaterMark: PIECE });
  const running = new HostChannel(channel).run(request, { stdin, ...discard() });
  await settle();
  channel.isTaking = false;
  channel.flood(WANT, 1_000_000);
  await settle();
  t.deepEqual(channel.types, [FrameType.RUN]);
  t.true(channel.writableLength <= PIECE + 5, "one answer waits to be taken");
  t.true(stdin.given <= 3 * PIECE, "beyond it, the stream has what it always reads ahead");
  channel.isTaking = true;
  await settle();
  t.deepEqual(channel.types, [FrameType.RUN, FrameType.STDIN, FrameType.STDIN], "of the others, one counts");
  channel.push(EXIT);
  t.is(await running, 0);
});

test("a request for input that comes while another is answered is not lost", async (t) => {
  const channel = new HostileChannel();
  const stdin = new EndlessInput({ highWaterMark: PIECE });
  const running = new HostChannel(channel).run(request, { stdin, ...discard() });
  await settle();
  for (let count = 1; count <= 10; count++) {
    channel.isTaking = false;
    channel.push(WANT);
    await settle();
    channel.push(WANT);
    await settle();
    channel.isTaking = true;
    await settle();
    t.is(channel.types.filter((type) => type === FrameType.STDIN).length, 2 * count);
  }
  channel.push(EXIT);
  t.is(await running, 0);
});

test("an answer of many frames is sent a frame at a time", async (t) => {
  const channel = new HostileChannel();
  const stdin = Readable.from([Buffer.alloc(10 * MAX_PAYLOAD)]);
  const running = new HostChannel(channel).run(request, { stdin, ...discard() });
  await settle();
  channel.isTaking = false;
  channel.push(WANT);
  await settle();
  t.is(channel.writableLength, MAX_PAYLOAD + 5);
  channel.isTaking = true;
  await settle();
  t.is(channel.types.filter((type) => type === FrameType.STDIN).length, 10);
  channel.push(EXIT);
  t.is(await running, 0);
});

test("requests after the end of the input get that end, one at a time", async (t) => {
  const channel = new HostileChannel();
  const running = new HostChannel(channel).run(request, { stdin: Readable.from([]), ...discard() });
  await settle();
  channel.isTaking = false;
  channel.flood(WANT, 100_000);
  await settle();
  t.is(channel.writableLength, 5);
  channel.isTaking = true;
  await settle();
  t.deepEqual(channel.types, [FrameType.RUN, FrameType.STDIN_END, FrameType.STDIN_END]);
  channel.push(EXIT);
  t.is(await running, 0);
});

test("a guest that asks for the time and does not read the answer gets one", async (t) => {
  const channel = new HostileChannel();
  const resuming = new HostChannel(channel).resume();
  await settle();
  channel.isTaking = false;
  channel.flood(encodeFrame(FrameType.ASK_CLOCK), 100_000);
  await settle();
  t.is(channel.writableLength, 5 + 8);
  channel.destroy();
  t.false(await resuming);
});

test("a program and its map are sent a frame at a time", async (t) => {
  const channel = new HostileChannel();
  channel.isTaking = false;
  const program = { code: new Uint8Array(5 * MAX_PAYLOAD), map: new Uint8Array(3 * MAX_PAYLOAD) };
  const running = new HostChannel(channel).run(request, discard(), program);
  await settle();
  t.is(channel.writableLength, MAX_PAYLOAD + 5);
  channel.isTaking = true;
  await settle();
  t.deepEqual(channel.types, [
    ...Array(5).fill(FrameType.PROGRAM),
    ...Array(3).fill(FrameType.PROGRAM_MAP),
    FrameType.RUN,
  ]);
  channel.push(EXIT);
  t.is(await running, 0);
});

test("a signal is sent after the request, however long that takes", async (t) => {
  const channel = new HostileChannel();
  channel.isTaking = false;
  const host = new HostChannel(channel);
  const program = { code: new Uint8Array(2 * MAX_PAYLOAD), map: new Uint8Array() };
  const running = host.run(request, discard(), program);
  void host.signal("SIGTERM");
  await settle();
  channel.isTaking = true;
  await settle();
  t.deepEqual(channel.types.slice(-2), [FrameType.RUN, FrameType.SIGNAL]);
  channel.push(EXIT);
  t.is(await running, 0);
});

test("a flood of output waits for the reader: the host holds one frame of it", async (t) => {
  const channel = new HostileChannel();
  let written = 0;
  const stdout = new Writable({
    highWaterMark: 1,
    write(piece: Buffer) {
      written += piece.length;
    },
  });
  const running = new HostChannel(channel).run(request, { stdout, stderr: new Collector() });
  channel.flood(encodeFrame(FrameType.STDOUT, Buffer.alloc(1000)), 100_000);
  await settle();
  t.is(written, 1000);
  t.is(stdout.writableLength, 1000);
  stdout.destroy();
  await t.throwsAsync(running, { code: "OUTPUT_CLOSED" });
});

test("frames after the exit status are dropped", async (t) => {
  const channel = new HostileChannel();
  const streams = discard();
  const running = new HostChannel(channel).run(request, streams);
  const output = encodeFrame(FrameType.STDOUT, Buffer.from("after"));
  channel.push(Buffer.concat([EXIT, output, Buffer.from("nonsense"), EXIT]));
  t.is(await running, 0);
  await settle();
  t.is(streams.stdout.text, "");
  t.true(channel.destroyed);
});

for (const [what, bytes] of Object.entries({
  "a type that only the host sends": encodeFrame(FrameType.RUN, Buffer.from("{}")),
  "an unknown type": Buffer.from([99, 0, 0, 0, 0]),
  "a length of 4 GiB": Buffer.from([FrameType.STDOUT, 255, 255, 255, 255]),
  "a status of two bytes": encodeFrame(FrameType.EXIT, Uint8Array.of(0, 0)),
  "a second greeting": READY,
  "a question about the time": encodeFrame(FrameType.ASK_CLOCK),
})) {
  test(`${what} from a program ends the run`, async (t) => {
    const channel = new HostileChannel();
    const running = new HostChannel(channel).run(request, discard());
    channel.push(bytes);
    await t.throwsAsync(running, { code: "MALFORMED_FRAME" });
    t.true(channel.destroyed);
  });
}

test("a guest that sends any other frame than READY or RESUMED is malformed", async (t) => {
  for (const type of [FrameType.STDOUT, FrameType.EXIT, FrameType.WANT]) {
    const greeting = new HostileChannel();
    greeting.push(encodeFrame(type));
    await t.throwsAsync(new HostChannel(greeting).ready(), { code: "MALFORMED_FRAME" });
    const resuming = new HostileChannel();
    resuming.push(encodeFrame(type));
    await t.throwsAsync(new HostChannel(resuming).resume(), { code: "MALFORMED_FRAME" });
  }
});

/** What a host must make of a guest's bytes: the output, and how the run ends. */
function expected(bytes: Buffer): { stdout: string; stderr: string; end: number | string | undefined } {
  const decoder = new FrameDecoder(FROM_GUEST);
  const out = { stdout: "", stderr: "" };
  const during: number[] = [FrameType.STDOUT, FrameType.STDERR, FrameType.WANT, FrameType.EXIT];
  // Byte by byte, so that what comes before a fault is known.
  for (const byte of bytes) {
    let frame: Frame | undefined;
    try {
      [frame] = [...decoder.push(Uint8Array.of(byte))];
    } catch {
      return { ...out, end: "MALFORMED_FRAME" };
    }
    if (frame === undefined) continue;
    if (!during.includes(frame.type)) return { ...out, end: "MALFORMED_FRAME" };
    const text = Buffer.from(frame.payload).toString("latin1");
    if (frame.type === FrameType.STDOUT) out.stdout += text;
    if (frame.type === FrameType.STDERR) out.stderr += text;
    if (frame.type === FrameType.EXIT) return { ...out, end: frame.payload[0] ?? 1 };
  }
  return { ...out, end: undefined };
}

const anyType = fc.integer({ min: 0, max: 255 });
const usualType = fc.constantFrom(
  FrameType.STDOUT,
  FrameType.STDERR,
  FrameType.WANT,
  FrameType.WANT,
  FrameType.STDOUT,
  FrameType.EXIT,
);
const anyFrame = fc
  .tuple(
    fc.oneof({ weight: 12, arbitrary: usualType }, { weight: 1, arbitrary: anyType }),
    fc.uint8Array({ maxLength: 20 }),
  )
  .map(([type, payload]) =>
    encodeFrame(
      type,
      type === FrameType.WANT ? undefined : type === FrameType.EXIT ? payload.subarray(0, 1) : payload,
    ),
  );
const anyBytes = fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes));
const stream = fc
  .array(fc.oneof({ weight: 20, arbitrary: anyFrame }, { weight: 1, arbitrary: anyBytes }), { maxLength: 40 })
  .map((parts) => Buffer.concat(parts));

test("the host copies the output of any bytes, in any pieces, up to the first fault", async (t) => {
  await fc.assert(
    fc.asyncProperty(
      stream,
      fc.array(fc.integer({ min: 1, max: 50 }), { maxLength: 40 }),
      fc.boolean(),
      async (bytes, cuts, isTaking) => {
        const channel = new HostileChannel();
        const streams = { ...discard(), stdin: new EndlessInput({ highWaterMark: 16 }) };
        const running = new HostChannel(channel).run(request, streams);
        await new Promise(setImmediate);
        channel.isTaking = isTaking;
        let at = 0;
        for (const cut of cuts) {
          channel.push(bytes.subarray(at, at + cut));
          at += cut;
        }
        channel.push(bytes.subarray(at));
        channel.push(null);
        const end = await running.catch((error: { code?: string }) => error.code);
        t.deepEqual(
          {
            stdout: streams.stdout.bytes.toString("latin1"),
            stderr: streams.stderr.bytes.toString("latin1"),
            end,
          },
          expected(bytes),
        );
        t.true(channel.writableLength <= 16 + 5);
      },
    ),
    { numRuns: 2000 },
  );
});

test("a stream that is closed during a write and never calls back is a closed output", async (t) => {
  const channel = new HostileChannel();
  const stdout = new PassThrough({ highWaterMark: 1 });
  stdout._write = () => {};
  const running = new HostChannel(channel).run(request, { stdout, stderr: new Collector() });
  channel.push(encodeFrame(FrameType.STDOUT, Buffer.from("x")));
  await settle();
  stdout.destroy();
  await t.throwsAsync(running, { code: "OUTPUT_CLOSED" });
});
