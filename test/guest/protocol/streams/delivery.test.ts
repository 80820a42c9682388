import { setImmediate as nextIteration } from "node:timers/promises";
import test from "ava";
import { Multiplexer, type Transport } from "../../../../guest/protocol/streams/multiplexer.ts";
import type { Stream } from "../../../../guest/protocol/streams/stream.ts";

const ROUNDS = 200;
const STREAMS = 20;
/** A little more than the window. */
const MOST = 66_000;

/** The side that answers: it writes, and closes the stream once the bytes are accepted, as servers do. */
function answer(stream: Stream, length: number): void {
  const finish = () => {
    stream.end();
    if (length % 2 === 0) stream.close();
    else setImmediate(() => stream.close());
  };
  stream.listener = { onData() {}, onEnd() {}, onDrain: finish, onClose() {} };
  if (stream.write(Buffer.alloc(length))) finish();
}

function carries(receive: (bytes: Buffer) => void): Transport {
  return {
    write(bytes, done) {
      setImmediate(() => {
        receive(bytes);
        done();
      });
    },
  };
}

// Frames that are cut where a batch ends take more of the window than the bytes alone.
test("all bytes of a stream that was closed arrive, and its end, however they are cut into frames", async (t) => {
  for (let round = 0; round < ROUNDS; round++) {
    const lengths: number[] = [];
    const host: Multiplexer = new Multiplexer(
      carries((bytes) => guest.receive(bytes)),
      { onControl: () => t.fail() },
    );
    const guest: Multiplexer = new Multiplexer(
      carries((bytes) => host.receive(bytes)),
      {
        onControl: () => t.fail(),
        onOpen(stream) {
          lengths.push(Math.floor(Math.random() * MOST));
          answer(stream, lengths.at(-1)!);
        },
      },
    );
    const arrived = Array<number>(STREAMS).fill(0);
    for (let index = 0; index < STREAMS; index++) {
      const stream = host.open(Buffer.alloc(4));
      stream.listener = {
        onData({ length }) {
          arrived[index]! += length;
          stream.consumed(length);
        },
        ...{ onEnd() {}, onDrain() {}, onClose() {} },
      };
    }
    for (let count = 0; count < 400; count++) await nextIteration();
    t.deepEqual(arrived, lengths, `round ${round}`);
    t.deepEqual([host.size, guest.size], [0, 0], `round ${round}`);
  }
});
