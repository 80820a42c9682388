import { once } from "node:events";
import { connect } from "node:net";
import { PassThrough } from "node:stream";
import test, { type ExecutionContext } from "ava";
import { encodeFrame, FrameType } from "../../../guest/protocol/frame.ts";
import {
  FRAME_COST,
  MAX_DATA,
  STREAM_HEADER,
  StreamFrameType,
  WINDOW,
  writeStreamHeader,
} from "../../../guest/protocol/streams/frame.ts";
import { parsePortMapping } from "../../../vm/front/address.ts";
import { GuardedProcess } from "../../../vm/qemu/guarded-process.ts";
import { serve } from "../../../vm/serving/serve.ts";
import { Guest } from "../../../vm/session/guest.ts";
import { Collector, descendants, SMALL } from "../fixture.ts";

const {
  ACCESS,
  CHECKPOINT,
  CLOSE,
  DATA,
  END,
  LISTENING,
  OPEN,
  PING,
  PONG,
  RESET,
  WINDOW: ALLOW,
} = StreamFrameType;

function frame(stream: number, type: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const bytes = Buffer.alloc(STREAM_HEADER + payload.length);
  bytes.set(payload, writeStreamHeader(bytes, 0, stream, type, payload.length));
  return bytes;
}

function double(number: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(number);
  return bytes;
}

const hex = (bytes: Uint8Array) => `Buffer.from("${Buffer.from(bytes).toString("hex")}", "hex")`;
const port80 = frame(0, LISTENING, Uint8Array.of(80, 0));

/**
 * Has processes in the place of machines serve a port of this host. Each says that it listens, reads the
 * frames of the first connection, and then sends what a test says, over and over.
 */
async function start(t: ExecutionContext, answer: Buffer, times = 1) {
  const script = `const fs = require("fs");
const send = (fd, bytes) => { for (let at = 0; at < bytes.length; ) at += fs.writeSync(fd, bytes, at); };
send(3, ${hex(encodeFrame(FrameType.READY))});
fs.readSync(3, Buffer.alloc(9999));
send(6, ${hex(port80)});
fs.readSync(6, Buffer.alloc(9999));
const answer = ${hex(answer)};
for (let count = 0; count < ${times}; count++) send(6, answer);
setInterval(() => {}, 1000);`;
  const [stdout, notes, ending] = [new PassThrough(), [] as string[], new AbortController()];
  const running = serve(
    {
      ...{ image: SMALL, mappings: [parsePortMapping("0:80")], signal: ending.signal },
      streams: { stdout, stderr: new Collector() },
      note: (line) => void notes.push(line),
      openDisk: () => Promise.reject(new Error("it lies elsewhere")),
      start: (_image, signal) =>
        Guest.start(new GuardedProcess(process.execPath, ["-e", script], undefined, { killsGroup: true }), {
          ...{ what: "the process", seconds: 60, signal },
        }),
    },
    { program: "serve", args: [], env: {} },
    Promise.resolve(undefined),
  );
  running.catch(() => {});
  t.teardown(async () => {
    ending.abort("SIGTERM");
    await running.catch(() => {});
  });
  const [line] = await once(stdout, "data");
  return { port: Number(/:(\d+)\//.exec(String(line))![1]), running, notes, ending };
}

const most = frame(1, DATA, Buffer.alloc(MAX_DATA));

for (const [what, answer] of Object.entries({
  "data of a stream that was never opened": frame(2, DATA, Buffer.from("x")),
  "data of stream 0": frame(0, DATA, Buffer.from("x")),
  "the end of a stream that was never opened": frame(99, END),
  "a reset of stream 0": frame(0, RESET),
  "a close of a stream that was never opened": frame(2 ** 32 - 1, CLOSE),
  "a stream of its own": frame(2, OPEN, Uint8Array.of(80, 0, 0, 0)),
  "a frame of data that is too long": frame(1, DATA, Buffer.alloc(MAX_DATA + 1)),
  // Over and over: a kernel takes some for the client, which does not read.
  "more than the window": most,
  "more empty frames than the window": Buffer.concat(Array(WINDOW / FRAME_COST + 1).fill(frame(1, DATA))),
  "data after the end": Buffer.concat([frame(1, END), frame(1, DATA, Buffer.from("x"))]),
  "two ends": Buffer.concat([frame(1, END), frame(1, END)]),
  "a window that is too large": frame(1, ALLOW, Uint8Array.of(255, 255, 255, 255)),
  "a window of three bytes": frame(1, ALLOW, Uint8Array.of(1, 0, 0)),
  "a checkpoint beyond the end": frame(1, CHECKPOINT, double(1e6)),
  "a checkpoint before the start": frame(1, CHECKPOINT, double(-1)),
  "a checkpoint that is no number": frame(1, CHECKPOINT, double(Number.NaN)),
  "a checkpoint within a byte": frame(1, CHECKPOINT, double(0.5)),
  "a checkpoint of three bytes": frame(1, CHECKPOINT, Uint8Array.of(1, 0, 0)),
  "an empty access record": frame(1, ACCESS),
  "a question of its own": frame(0, PING, Buffer.alloc(8)),
  "a frame of an unknown type": frame(0, 200),
  "a control frame of 16 MiB": Buffer.from([0, 0, 0, 0, PONG, 255, 255, 255]),
})) {
  test.serial(`a machine that sends ${what} is replaced, with one line`, async (t) => {
    const { port, notes, ending, running } = await start(
      t,
      answer,
      what === "more than the window" ? 5000 : 1,
    );
    const client = connect(port, "127.0.0.1");
    client.on("error", () => {});
    client.write("GET / HTTP/1.1\r\n\r\n");
    while (notes.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    client.destroy();
    ending.abort("SIGTERM");
    await running.catch(() => {});
    t.deepEqual(descendants(process.pid), []);
    t.is(notes.length, 1, notes.join("\n"));
    t.regex(notes[0]!, /(stream|checkpoint|access record)[^\n]*; starting another machine$/);
  });
}
