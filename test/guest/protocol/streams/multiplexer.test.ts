import test from "ava";
import fc from "fast-check";
import {
  FRAME_COST,
  MAX_DATA,
  StreamFrameType,
  WINDOW,
  writeStreamHeader,
} from "../../../../guest/protocol/streams/frame.ts";
import { Multiplexer } from "../../../../guest/protocol/streams/multiplexer.ts";
import { DocteurError } from "../../../../reader/errors.ts";
import { link, Received, rest } from "./linked.ts";

const OPENING = Buffer.from("opening");

function frame(stream: number, type: number, payload: Uint8Array = new Uint8Array()): Buffer {
  const bytes = Buffer.alloc(8 + payload.length);
  bytes.set(payload, writeStreamHeader(bytes, 0, stream, type, payload.length));
  return bytes;
}

/** A guest that sends frames as it likes to a host with one open stream. */
function hostile(): { send(...frames: Buffer[]): void; host: Multiplexer; received: Received } {
  const host = new Multiplexer({ write: (_bytes, done) => done() }, { onControl() {} });
  const received = new Received(host.open(OPENING), false);
  return { host, received, send: (...frames) => host.receive(Buffer.concat(frames)) };
}

const MALFORMED = { instanceOf: DocteurError, code: "MALFORMED_FRAME" };

test("streams carry any bytes in both directions, in any pieces, beside each other", async (t) => {
  const bytes = fc.array(fc.uint8Array({ maxLength: 40_000 }), { maxLength: 6 });
  const cut = fc.array(fc.integer({ min: 1, max: 9000 }), { minLength: 1, maxLength: 5 });
  const property = fc.asyncProperty(
    fc.array(fc.tuple(bytes, bytes), { minLength: 1, maxLength: 5 }),
    cut,
    async (contents, cut) => {
      const { host, guest, opened } = link(cut);
      const streams = contents.map(() => host.open(OPENING));
      const atHost = streams.map((stream) => new Received(stream));
      await rest(10);
      const atGuest = opened.map((stream) => new Received(stream));
      for (const [index, [up, down]] of contents.entries()) {
        for (const piece of up) streams[index]!.write(Buffer.from(piece));
        for (const piece of down) opened[index]!.write(Buffer.from(piece));
        streams[index]!.end();
        opened[index]!.end();
      }
      for (let turn = 0; turn < 500 && host.size + guest.size > 0; turn++) await rest(4);
      for (const [index, [up, down]] of contents.entries()) {
        t.true(atGuest[index]!.bytes.equals(Buffer.concat(up)));
        t.true(atHost[index]!.bytes.equals(Buffer.concat(down)));
        t.deepEqual([atGuest[index]!.hasEnded, atHost[index]!.hasEnded], [true, true]);
        t.deepEqual([atGuest[index]!.ending, atHost[index]!.ending], ["closed", "closed"]);
      }
      t.deepEqual([host.size, guest.size], [0, 0]);
    },
  );
  await fc.assert(property, { numRuns: 40 });
});

test("a reader that is slow holds up its own stream only, within its window", async (t) => {
  const { host, opened } = link();
  const [slow, quick] = [host.open(OPENING), host.open(OPENING)];
  const [atHost, beside] = [new Received(slow, false), new Received(quick)];
  await rest(10);
  const length = 4 * WINDOW;
  t.false(opened[0]!.write(Buffer.alloc(length, "s")));
  opened[1]!.write(Buffer.alloc(length, "q"));
  await rest();
  t.is(beside.bytes.length, length);
  t.true(atHost.bytes.length < WINDOW);
  t.true(atHost.bytes.length > WINDOW - MAX_DATA);
  let consumed = 0;
  for (let turn = 0; turn < 50 && atHost.bytes.length < length; turn++) {
    slow.consumed(atHost.bytes.length - consumed);
    consumed = atHost.bytes.length;
    await rest(20);
    t.true(atHost.bytes.length - consumed <= WINDOW);
  }
  t.is(atHost.bytes.length, length);
});

test("streams take turns: a long answer does not keep a short one waiting", async (t) => {
  const { host, opened } = link();
  const order: number[] = [];
  for (let index = 0; index < 3; index++) {
    const stream = host.open(OPENING);
    stream.listener = {
      onData(bytes) {
        order.push(index);
        stream.consumed(bytes.length);
      },
      onEnd() {},
      onDrain() {},
      onClose() {},
    };
  }
  await rest(10);
  opened[0]!.write(Buffer.alloc(10 * WINDOW));
  opened[1]!.write(Buffer.from("short"));
  opened[2]!.write(Buffer.from("short"));
  await rest();
  t.true(order.indexOf(1) <= 3);
  t.true(order.indexOf(2) <= 4);
});

test("a thousand streams that open at once open in their order", async (t) => {
  const { host, opened } = link();
  const ids = Array.from({ length: 1000 }, () => host.open(Buffer.alloc(60)).id);
  host.open(OPENING).write(Buffer.from("x"));
  await rest();
  t.deepEqual(
    opened.slice(0, 1000).map(({ id }) => id),
    ids,
  );
});

test("a checkpoint comes after what was written before it, and not if more was written since", async (t) => {
  const { host, opened } = link([7]);
  const received = new Received(host.open(OPENING));
  await rest(10);
  const stream = opened[0]!;
  stream.write(Buffer.from("one"));
  stream.checkpoint(10);
  await rest(10);
  t.deepEqual([String(received.bytes), received.checkpoints], ["one", [10]]);
  stream.checkpoint(20);
  stream.write(Buffer.from("two"));
  await rest(10);
  t.deepEqual([String(received.bytes), received.checkpoints], ["onetwo", [10]]);
});

test("closing delivers what was written, resetting does not", async (t) => {
  const { host, guest, opened } = link();
  const [closed, dropped] = [new Received(host.open(OPENING)), new Received(host.open(OPENING))];
  await rest(10);
  opened[0]!.write(Buffer.from("all of it"));
  opened[0]!.close();
  opened[1]!.write(Buffer.from("nothing"));
  opened[1]!.reset();
  await rest(10);
  t.deepEqual([String(closed.bytes), closed.ending], ["all of it", "closed"]);
  t.deepEqual([String(dropped.bytes), dropped.ending], ["", "reset"]);
  t.deepEqual([host.size, guest.size], [0, 0]);
});

test("a stream that is closed before it was opened at the other side is not heard of there", async (t) => {
  const { host, opened } = link();
  host.open(OPENING).reset();
  const stream = host.open(OPENING);
  stream.write(Buffer.from("x"));
  await rest(10);
  t.deepEqual(
    opened.map(({ id }) => id),
    [2],
  );
});

test("losing the other side ends all streams", (t) => {
  const { host, received } = hostile();
  host.lose();
  t.is(received.ending, "lost");
  t.is(host.size, 0);
});

test("what arrives for a stream that is over is dropped", (t) => {
  const { host, received, send } = hostile();
  const stream = host.open(OPENING);
  stream.reset();
  const data = frame(2, StreamFrameType.DATA, Buffer.from("late"));
  t.notThrows(() => send(data, frame(2, StreamFrameType.END), frame(2, StreamFrameType.RESET)));
  t.is(received.ending, undefined);
});

for (const [what, frames] of [
  ["data for a stream that was never opened", [frame(9, StreamFrameType.DATA, Buffer.from("x"))]],
  ["data for stream 0", [frame(0, StreamFrameType.DATA, Buffer.from("x"))]],
  ["an opening", [frame(2, StreamFrameType.OPEN, OPENING)]],
  ["data after the end", [frame(1, StreamFrameType.END), frame(1, StreamFrameType.DATA, Buffer.from("x"))]],
  ["two ends", [frame(1, StreamFrameType.END), frame(1, StreamFrameType.END)]],
  ["a window that is too large", [frame(1, StreamFrameType.WINDOW, Buffer.from([1, 0, 0, 0]))]],
  ["a window without a number", [frame(1, StreamFrameType.WINDOW)]],
  ["a checkpoint without a number", [frame(1, StreamFrameType.CHECKPOINT, Buffer.alloc(7))]],
  ["data that is too long", [frame(1, StreamFrameType.DATA, Buffer.alloc(MAX_DATA + 1))]],
  ["a control frame that is too long", [frame(0, StreamFrameType.PONG, Buffer.alloc(16 * 1024 + 1))]],
] as const) {
  test(`${what} is malformed`, (t) => {
    t.throws(() => hostile().send(...frames), MALFORMED);
  });
}

for (const size of [1, 1000, MAX_DATA]) {
  test(`frames of ${size} bytes beyond the window are malformed`, (t) => {
    const { received, send } = hostile();
    const data = frame(1, StreamFrameType.DATA, Buffer.alloc(size));
    const fit = Math.floor(WINDOW / (size + FRAME_COST));
    for (let count = 0; count < fit; count++) send(data);
    t.is(received.bytes.length, fit * size);
    t.throws(() => send(data), MALFORMED);
  });
}

test("any bytes are either frames or malformed", (t) => {
  const some = fc.array(
    fc.oneof(
      fc.uint8Array({ maxLength: 30 }),
      fc
        .tuple(
          fc.integer({ min: 0, max: 3 }),
          fc.integer({ min: 0, max: 13 }),
          fc.uint8Array({ maxLength: 20 }),
        )
        .map(([stream, type, payload]) => frame(stream, type, payload)),
    ),
  );
  fc.assert(
    fc.property(some, fc.integer({ min: 1, max: 50 }), (pieces, cut) => {
      const { host } = hostile();
      const bytes = Buffer.concat(pieces);
      try {
        for (let at = 0; at < bytes.length; at += cut) host.receive(bytes.subarray(at, at + cut));
      } catch (error) {
        if (!(error instanceof DocteurError && error.code === "MALFORMED_FRAME")) throw error;
      }
    }),
    { numRuns: 500 },
  );
  t.pass();
});
