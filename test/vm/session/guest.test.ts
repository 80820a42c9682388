import { Writable } from "node:stream";
import test from "ava";
import { encodeFrame, FrameType } from "../../../guest/protocol/frame.ts";
import { GuardedProcess } from "../../../vm/qemu/guarded-process.ts";
import { Guest } from "../../../vm/session/guest.ts";
import { Collector, descendants, isAlive } from "../fixture.ts";

const READY = encodeFrame(FrameType.READY).toString("hex");

/** What stands in for a guest may call: `ready` says that it is up and takes the request, `wait` stays for ever. */
const PRELUDE = `
const fs = require("fs");
const ready = () => { fs.writeSync(3, Buffer.from("${READY}", "hex")); fs.readSync(3, Buffer.alloc(9999)); };
const wait = () => setInterval(() => {}, 1000);
`;

function start(script: string, seconds = 30): Promise<Guest> {
  const standIn = new GuardedProcess(process.execPath, ["-e", `${PRELUDE}${script}`], undefined, {
    endsGroup: true,
  });
  return Guest.start(standIn, { what: "the guest", seconds });
}

function run(guest: Guest, signal?: AbortSignal): Promise<number> {
  const streams = { stdout: new Collector(), stderr: new Collector() };
  return guest.run({ program: "cat", args: [], env: {} }, streams, signal);
}

test.afterEach("no guest is left", (t) => {
  t.deepEqual(descendants(process.pid), []);
});

test.serial("one that does not come up in time is ended, and its last words are kept", async (t) => {
  const error = await t.throwsAsync(start(`console.log("first"); console.log("last"); wait();`, 3), {
    code: "BOOT_TIMEOUT",
    message: "the guest was not up after 3 seconds; its console said last: last",
  });
  t.deepEqual((error as { console?: string[] }).console, ["first", "last"]);
});

test.serial("one that ends instead is told with its status and last words", async (t) => {
  await t.throwsAsync(start(`console.error("no disk"); process.exitCode = 7;`), {
    code: "BOOT_FAILED",
    message: "the guest did not come up (status 7); its console said last: no disk",
  });
});

test.serial("one that cannot be started is told", async (t) => {
  const missing = new GuardedProcess("/nonexistent/qemu", []);
  await t.throwsAsync(Guest.start(missing, { what: "the guest", seconds: 30 }), { code: "BOOT_FAILED" });
});

test.serial("one that ends before its program is told", async (t) => {
  const guest = await start(`ready(); console.log("Kernel panic");`);
  await t.throwsAsync(run(guest), {
    code: "GUEST_DIED",
    message: "the guest stopped before the program had ended; its console said last: Kernel panic",
  });
});

test.serial("one that lacks memory is told as that", async (t) => {
  const guest = await start(`ready(); console.log("Out of memory: Killed process 1 (node)");`);
  await t.throwsAsync(run(guest), {
    code: "OUT_OF_MEMORY",
    message: "out of memory: the program needs more memory than the guest has",
  });
});

test.serial("one that does not heed the signal is ended", async (t) => {
  const guest = await start("ready(); wait();");
  const interrupted = new AbortController();
  const running = run(guest, interrupted.signal);
  interrupted.abort("SIGTERM");
  await t.throwsAsync(running, { code: "ABORTED", message: "ended by SIGTERM" });
});

test.serial("one whose output is not read is ended by the signal all the same", async (t) => {
  const output = encodeFrame(FrameType.STDOUT, Buffer.from("x")).toString("hex");
  const guest = await start(`ready(); fs.writeSync(3, Buffer.from("${output}", "hex")); wait();`);
  const interrupted = new AbortController();
  const stalled = new Writable({ write: () => interrupted.abort("SIGTERM") });
  const streams = { stdout: stalled, stderr: new Collector() };
  const running = guest.run({ program: "cat", args: [], env: {} }, streams, interrupted.signal);
  await t.throwsAsync(running, { code: "ABORTED", message: "ended by SIGTERM" });
});

test.serial(
  "one that has started others is not waited for by their words, and they end with it",
  async (t) => {
    const others = `for (const detached of [false, true]) require("child_process").spawn(
    process.execPath, ["-e", "setTimeout(() => {}, 20000)"], { stdio: "inherit", detached }).unref()`;
    const exit = encodeFrame(FrameType.EXIT, Uint8Array.of(5)).toString("hex");
    const guest = await start(`${others}; ready(); fs.writeSync(3, Buffer.from("${exit}", "hex")); wait();`);
    const before = descendants(process.pid);
    t.is(before.length, 3);
    t.is(await run(guest), 5);
    // The one that was made a leader of its own is none of ours any more.
    const left = before.filter(({ pid }) => isAlive(pid));
    t.true(left.length <= 1);
    for (const { pid } of left) process.kill(pid, "SIGKILL");
  },
);

test.serial("whoever disposes of a guest ends it", async (t) => {
  {
    await using guest = await start("ready(); wait();");
    t.truthy(guest);
    t.is(descendants(process.pid).length, 1);
  }
  t.deepEqual(descendants(process.pid), []);
});
