import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Writable } from "node:stream";
import test, { type ExecutionContext } from "ava";
import { runInVm } from "../../vm/commands.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { Collector, descendants, SMALL } from "./fixture.ts";
import { EndlessInput } from "./hostile-channel.ts";

/** The start of every such program: `send` writes bytes to the channel. */
const PRELUDE = `
import fs from "node:fs";
const isChannel = (fd) => { try { return /vport/.test(fs.readlinkSync("/proc/self/fd/" + fd)); } catch {} };
const channel = Number(fs.readdirSync("/proc/self/fd").find(isChannel));
const send = (bytes) => {
  for (let at = 0; at < bytes.length; ) at += fs.writeSync(channel, bytes, at);
};
const wait = () => new Promise((resolve) => setTimeout(resolve, 600_000));
`;

async function run(
  t: ExecutionContext,
  body: string,
  streams: { stdin?: EndlessInput; console?: Writable } = {},
) {
  const program = join(temporaryFolder(t), "hostile.mjs");
  writeFileSync(program, `${PRELUDE}export default async ({ console }) => {\n${body}\n};\n`);
  const { stdin, console } = streams;
  const interrupted = new AbortController();
  const stdout = new Writable({
    write(_piece, _encoding, done) {
      // The program has got as far as it will.
      interrupted.abort("SIGTERM");
      done();
    },
  });
  const stderr = console ?? new Collector();
  const common = { image: SMALL, args: [], check: false, verbose: console !== undefined };
  return runInVm({ ...common, program, stdin, stdout, stderr, signal: interrupted.signal });
}

test.serial.afterEach("no machine is left", (t) => t.deepEqual(descendants(process.pid), []));

test.serial("a program that breaks the protocol ends its run", async (t) => {
  await t.throwsAsync(run(t, "send(Buffer.from([99, 0, 0, 0, 0])); await wait();"), {
    code: "MALFORMED_FRAME",
  });
});

test.serial("a program that makes the kernel panic ends its machine", async (t) => {
  const panic = 'fs.writeFileSync("/proc/sysrq-trigger", "c"); await wait();';
  await t.throwsAsync(run(t, panic), { code: "GUEST_DIED" });
});

test.serial("the host reads little input for a program that asks for it and never takes it", async (t) => {
  const stdin = new EndlessInput({ highWaterMark: 64 * 1024 });
  const flood = `
    const wants = Buffer.alloc(50_000);
    for (let at = 0; at < wants.length; at += 5) wants[at] = 19;
    for (let count = 0; count < 20; count++) send(wants);
    console.write("done");
    for (;;);`;
  // Not a status of the program's: it is busy, and has to be ended.
  await t.throwsAsync(run(t, flood, { stdin }), { code: "ABORTED" });
  // What the channel takes by itself, on both sides of QEMU, is some hundred kilobytes.
  t.true(stdin.given < 4 * 1024 * 1024, `${stdin.given} bytes`);
});

test.serial("a program that floods its unread console waits, and a signal ends it", async (t) => {
  let copied = 0;
  const console = new Writable({
    write(piece: Buffer, _encoding, done) {
      copied += piece.length;
      // The notes pass, and the first that the console says.
      if (!piece.includes("xxxx")) done();
    },
  });
  const flood = `
    const port = fs.openSync("/dev/ttyS0", "r+");
    console.write("begun");
    for (;;) fs.writeSync(port, "x".repeat(4000));`;
  await t.throwsAsync(run(t, flood, { console }), { code: "ABORTED" });
  t.true(copied < 1024 * 1024, `${copied} bytes`);
});
