import { Writable } from "node:stream";
import test from "ava";
import { encodeFrame, FrameType } from "../../../guest/protocol/frame.ts";
import { GuardedProcess } from "../../../vm/qemu/guarded-process.ts";
import { Guest } from "../../../vm/session/guest.ts";
import { GuestError } from "../../../vm/session/guest-error.ts";
import { Collector, descendants, isAlive } from "../fixture.ts";

const READY = encodeFrame(FrameType.READY).toString("hex");

/**
 * The stand-in for a guest may call: `ready`, which sends READY and takes the request; `send`; `wait`, which
 * never ends.
 */
const PRELUDE = `
const fs = require("fs");
const ready = () => { fs.writeSync(3, Buffer.from("${READY}", "hex")); fs.readSync(3, Buffer.alloc(9999)); };
const send = (type, text) => {
  const frame = Buffer.from("12345" + text);
  frame.writeUInt8(type);
  frame.writeUInt32LE(frame.length - 5, 1);
  fs.writeSync(3, frame);
};
const wait = () => setInterval(() => {}, 1000);
`;

function start(script: string, seconds = 30): Promise<Guest> {
  const standIn = new GuardedProcess(process.execPath, ["-e", `${PRELUDE}${script}`], undefined, {
    killsGroup: true,
  });
  return Guest.start(standIn, { what: "the guest", seconds });
}

function run(guest: Guest, stdout: Writable = new Collector(), signal?: AbortSignal): Promise<number> {
  return guest.run({ program: "cat", args: [], env: {} }, { stdout, stderr: new Collector() }, signal);
}

test.afterEach("no guest is left", (t) => {
  t.deepEqual(descendants(process.pid), []);
});

test.serial(
  "a guest that is not ready in time is killed, and the error has its console's last lines",
  async (t) => {
    const error = await t.throwsAsync<GuestError>(
      start(`console.log("first"); console.log("last"); wait();`, 3),
      {
        instanceOf: GuestError,
        code: "BOOT_TIMEOUT",
        message: "the guest was not ready after 3 seconds; its console ends with: last",
      },
    );
    t.deepEqual(error?.console, ["first", "last"]);
  },
);

test.serial(
  "a guest that ends before it is ready fails with its status and its console's last line",
  async (t) => {
    await t.throwsAsync(start(`console.error("no disk"); process.exitCode = 7;`), {
      code: "BOOT_FAILED",
      message: "the guest ended before it was ready (status 7); its console ends with: no disk",
    });
  },
);

test.serial("a guest whose program is missing fails with the reason", async (t) => {
  // Without setpriv, Node itself starts the file.
  const path = process.env.PATH;
  process.env.PATH = "";
  const missing = new GuardedProcess("/nonexistent/qemu", []);
  process.env.PATH = path;
  await t.throwsAsync(Guest.start(missing, { what: "the guest", seconds: 30 }), {
    code: "BOOT_FAILED",
    message: "the guest ended before it was ready (spawn /nonexistent/qemu ENOENT); its console is empty",
  });
});

test.serial(
  "a guest that ends before its program has ended fails with its console's last line",
  async (t) => {
    const guest = await start(`ready(); console.log("Kernel panic");`);
    await t.throwsAsync(run(guest), {
      code: "GUEST_DIED",
      message: "the guest ended before its program had; its console ends with: Kernel panic",
    });
  },
);

test.serial("a guest whose kernel is out of memory fails with OUT_OF_MEMORY", async (t) => {
  const guest = await start(`ready(); console.log("Out of memory: Killed process 1 (node)");`);
  await t.throwsAsync(run(guest), {
    code: "OUT_OF_MEMORY",
    message: "out of memory: the program needs more memory than the guest has",
  });
});

test.serial("a guest returns the output and the status of its program", async (t) => {
  const guest = await start(
    `ready(); send(${FrameType.STDOUT}, "text"); send(${FrameType.EXIT}, "\\x05"); wait();`,
  );
  const stdout = new Collector();
  t.is(await run(guest, stdout), 5);
  t.is(stdout.text, "text");
});

test.serial("a guest that ignores the signal is killed", async (t) => {
  const guest = await start("ready(); wait();");
  const interrupted = new AbortController();
  const running = run(guest, undefined, interrupted.signal);
  interrupted.abort("SIGTERM");
  await t.throwsAsync(running, { code: "ABORTED", message: "ended by SIGTERM" });
});

test.serial("a guest whose output nobody reads is killed after the signal all the same", async (t) => {
  const guest = await start(`ready(); send(${FrameType.STDOUT}, "x"); wait();`);
  const interrupted = new AbortController();
  const stalled = new Writable({ write: () => interrupted.abort("SIGINT") });
  const running = run(guest, stalled, interrupted.signal);
  await t.throwsAsync(running, { code: "ABORTED", message: "ended by SIGINT" });
});

test.serial(
  "the process group of a guest ends with it, and output of a process that left the group is not waited for",
  async (t) => {
    const children = `const children = [false, true].map((detached) => require("child_process").spawn(
    process.execPath, ["-e", "setTimeout(() => {}, 20000)"], { stdio: "inherit", detached }).pid)`;
    const send = `send(${FrameType.STDOUT}, JSON.stringify(children)); send(${FrameType.EXIT}, "\\x05")`;
    const guest = await start(`${children}; ready(); ${send}; wait();`);
    const stdout = new Collector();
    t.is(await run(guest, stdout), 5);
    const [inGroup, detached] = JSON.parse(stdout.text) as [number, number];
    t.deepEqual([isAlive(inGroup), isAlive(detached)], [false, true]);
    process.kill(detached, "SIGKILL");
  },
);

test.serial("disposing of a guest kills it", async (t) => {
  let pids: number[];
  {
    await using _guest = await start("ready(); wait();");
    pids = descendants(process.pid).map(({ pid }) => pid);
    t.is(pids.length, 1);
  }
  t.deepEqual(pids.filter(isAlive), []);
});
