import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import test from "ava";
import fc from "fast-check";
import {
  encodeFrame,
  FROM_GUEST,
  type Frame,
  FrameDecoder,
  FrameType,
  MAX_PAYLOAD,
} from "../../../guest/protocol/frame.ts";

const frame = fc.record({
  type: fc.constantFrom(...Object.values(FrameType)),
  payload: fc.uint8Array({ maxLength: 300 }),
});

function plain(frames: readonly Frame[]): { type: number; payload: number[] }[] {
  return frames.map(({ type, payload }) => ({ type, payload: [...payload] }));
}

test("a frame is its type, its length in little endian, and its payload", (t) => {
  const encoded = encodeFrame(FrameType.STDOUT, new Uint8Array(258).fill(7));
  t.deepEqual([...encoded.subarray(0, 6)], [17, 2, 1, 0, 0, 7]);
  t.is(encoded.length, 5 + 258);
  t.deepEqual([...encodeFrame(FrameType.READY)], [16, 0, 0, 0, 0]);
});

test("the frames of a stream are decoded from pieces of any size", (t) => {
  fc.assert(
    fc.property(
      fc.array(frame, { maxLength: 20 }),
      fc.array(fc.integer({ min: 1, max: 40 })),
      (sent, cuts) => {
        const stream = Buffer.concat(sent.map(({ type, payload }) => encodeFrame(type, payload)));
        const decoder = new FrameDecoder();
        const received: Frame[] = [];
        let at = 0;
        for (const cut of cuts) {
          received.push(...decoder.push(stream.subarray(at, at + cut)));
          at += cut;
        }
        received.push(...decoder.push(stream.subarray(at)));
        decoder.end();
        t.deepEqual(plain(received), plain(sent));
      },
    ),
  );
});

test("a stream that ends within a frame is malformed", (t) => {
  const stream = encodeFrame(FrameType.STDERR, Buffer.from("error"));
  for (let length = 1; length < stream.length; length++) {
    const decoder = new FrameDecoder();
    t.deepEqual([...decoder.push(stream.subarray(0, length))], []);
    t.throws(() => decoder.end(), {
      code: "MALFORMED_FRAME",
      message: new RegExp(`ended ${length} bytes into`),
    });
  }
});

test("an unknown type is malformed as soon as it is seen", (t) => {
  const stream = encodeFrame(FrameType.EXIT, Uint8Array.of(0));
  stream[0] = 99;
  t.throws(() => [...new FrameDecoder().push(stream.subarray(0, 5))], {
    code: "MALFORMED_FRAME",
    message: "malformed frame between host and guest: the other side sends no frames of type 99",
  });
});

test("a length beyond the limit is refused, by the sender and, before the payload, by the receiver", (t) => {
  t.throws(() => encodeFrame(FrameType.STDIN, new Uint8Array(MAX_PAYLOAD + 1)), { code: "FRAME_TOO_LONG" });
  const header = Buffer.alloc(5);
  header.writeUInt8(FrameType.STDIN, 0);
  header.writeUInt32LE(MAX_PAYLOAD + 1, 1);
  t.throws(() => [...new FrameDecoder().push(header)], {
    code: "MALFORMED_FRAME",
    message: /a frame of type 2 has 1048577 bytes, more than the maximum of 1048576$/,
  });
  t.is(
    [...new FrameDecoder().push(encodeFrame(FrameType.STDIN, new Uint8Array(MAX_PAYLOAD)))][0]?.payload
      .length,
    MAX_PAYLOAD,
  );
});

test("any bytes decode to frames or fail with MALFORMED_FRAME", (t) => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 30 })), (pieces) => {
      const decoder = new FrameDecoder();
      try {
        for (const piece of pieces) for (const _ of decoder.push(piece));
        decoder.end();
      } catch (error) {
        t.is((error as { code?: string }).code, "MALFORMED_FRAME");
      }
    }),
  );
  t.pass();
});

test("a frame of a type that the other side does not send, or too long for its type, is malformed", (t) => {
  const fromGuest = ["READY", "STDOUT", "STDERR", "WANT", "EXIT", "ASK_CLOCK", "RESUMED"];
  for (const [name, type] of Object.entries(FrameType)) {
    const empty = () => [...new FrameDecoder(FROM_GUEST).push(encodeFrame(type))];
    if (fromGuest.includes(name)) t.deepEqual(plain(empty()), [{ type, payload: [] }], name);
    else t.throws(empty, { code: "MALFORMED_FRAME", message: /of type \d+$/ }, name);
  }
  for (const [type, length] of [
    [FrameType.READY, 1],
    [FrameType.WANT, 1],
    [FrameType.EXIT, 2],
    [FrameType.STDERR, MAX_PAYLOAD + 1],
  ] as const) {
    const header = Buffer.alloc(5);
    header.writeUInt8(type, 0);
    header.writeUInt32LE(length, 1);
    t.throws(() => [...new FrameDecoder(FROM_GUEST).push(header)], { code: "MALFORMED_FRAME" });
  }
});

test("a frame that comes byte by byte takes its own length of memory", (t) => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const taken = () => {
    collect();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const decoder = new FrameDecoder();
  const frame = encodeFrame(FrameType.STDOUT, new Uint8Array(MAX_PAYLOAD).fill(7));
  const before = taken();
  // Each with memory of its own, as what is read from a socket has.
  let completed = 0;
  for (const byte of frame.subarray(0, -1)) completed += [...decoder.push(Uint8Array.of(byte))].length;
  t.is(completed, 0);
  const held = taken() - before;
  t.true(held < 4 * MAX_PAYLOAD, `${held} bytes are held`);
  const [whole] = [...decoder.push(frame.subarray(-1))];
  t.deepEqual(Buffer.from(whole!.payload), frame.subarray(5));
});

test("the frames before a fault are decoded", (t) => {
  const good = encodeFrame(FrameType.STDOUT, Buffer.from("out"));
  const seen: Frame[] = [];
  const take = () => {
    for (const each of new FrameDecoder().push(Buffer.concat([good, good, Buffer.from("nonsense")])))
      seen.push(each);
  };
  t.throws(take, { code: "MALFORMED_FRAME" });
  t.is(seen.length, 2);
});
