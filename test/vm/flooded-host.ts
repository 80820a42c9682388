// A host whose guest floods it. Writes by how many MiB the host has grown. Argument: the kind of flood.
import { Readable, Writable } from "node:stream";
import { encodeFrame, FrameType, MAX_PAYLOAD } from "../../guest/protocol/frame.ts";
import { GuardedProcess } from "../../vm/qemu/guarded-process.ts";
import { Guest } from "../../vm/session/guest.ts";

const hex = (frame: Uint8Array) => `Buffer.from("${Buffer.from(frame).toString("hex")}", "hex")`;

/**
 * What a guest does once it has its request; `times(count, bytes)` writes those to the channel, over and
 * over.
 */
const FLOODS: Readonly<Record<string, string>> = {
  "requests for input": `times(30_000, ${hex(encodeFrame(FrameType.WANT))})`,
  "output that is not read": `times(20_000, ${hex(encodeFrame(FrameType.STDOUT, Buffer.alloc(30_000)))})`,
  "empty output": `times(1_000_000, ${hex(encodeFrame(FrameType.STDERR))})`,
  "a frame in single bytes": `times(1, Buffer.from([${FrameType.STDERR}, 0, 0, ${MAX_PAYLOAD >> 16}, 0])); for (let n = 1; n < ${MAX_PAYLOAD}; n++) fs.writeSync(3, "x")`,
  "its console": `for (let n = 0; n < 5_000; n++) fs.writeSync(1, Buffer.alloc(100_000, 120))`,
};

const [what] = process.argv.slice(2) as [string];
const prelude = `const fs = require("fs");
const times = (count, bytes) => {
  const batch = Buffer.concat(Array(Math.min(count, 1000)).fill(bytes));
  for (let sent = 0; sent < count; sent += 1000) for (let at = 0; at < batch.length; ) at += fs.writeSync(3, batch, at);
};
const done = () => fs.writeSync(3, ${hex(encodeFrame(FrameType.EXIT, Uint8Array.of(0)))});
fs.writeSync(3, ${hex(encodeFrame(FrameType.READY))}); fs.readSync(3, Buffer.alloc(9999));`;

/** A reader that takes nothing. */
const stalled = () => new Writable({ write: () => {} });
/** One that takes all. */
const ready = () => new Writable({ write: (_piece, _encoding, done) => done() });

const console = what === "its console" ? stalled() : undefined;
const stdout = what === "output that is not read" ? stalled() : ready();
const stderr = ready();
const stdin = new Readable({
  read(size) {
    this.push(Buffer.alloc(size));
  },
});
const script = `${prelude} ${FLOODS[what]!}; done(); setInterval(() => {}, 1000)`;
const standIn = new GuardedProcess(process.execPath, ["-e", script], console);
const guest = await Guest.start(standIn, { what: "the guest", seconds: 60 });
const before = process.memoryUsage.rss();
const enough = new AbortController();
// A flood that is not read does not come to its end; by then, it has shown what it does.
const isStalled = console !== undefined || what === "output that is not read";
if (isStalled) setTimeout(() => enough.abort("SIGTERM"), 3000);
await guest
  .run({ program: "cat", args: [], env: {} }, { stdin, stdout, stderr }, enough.signal)
  .catch(() => {});
process.stdout.write(String(Math.round((process.resourceUsage().maxRSS * 1024 - before) / 2 ** 20)));
