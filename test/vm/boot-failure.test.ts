import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import test, { type ExecutionContext } from "ava";
import { getKernel } from "../../vm/artifacts/kernel.ts";
import { type RunOptions, runInVm } from "../../vm/commands.ts";
import { withoutFirstRunNotes } from "../first-run.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { Collector, descendants, SMALL } from "./fixture.ts";

async function failing(t: ExecutionContext, options: Partial<RunOptions>, code: string, message: RegExp) {
  const stderr = new Collector();
  const running = runInVm({
    image: SMALL,
    program: "ls",
    args: [],
    stdout: new Collector(),
    stderr,
    ...options,
  });
  const error = await t.throwsAsync(running, { code, message });
  t.notRegex(error!.message, /\n/);
  t.deepEqual(descendants(process.pid), []);
  return withoutFirstRunNotes(stderr.text);
}

test.serial("a file that is no kernel fails with QEMU's message", async (t) => {
  const kernel = join(temporaryFolder(t), "kernel");
  writeFileSync(kernel, Buffer.alloc(8192));
  const { modules } = await getKernel({}, () => {});
  const shown = await failing(
    t,
    { kernel, modules, accel: "tcg" },
    "BOOT_FAILED",
    /^the machine ended before it was ready \(status 1\); its console ends with: qemu/,
  );
  t.regex(shown, /^\| qemu[^\n]+\n$/);
});

test.serial("a machine that is not ready in time is tried once more, then killed", async (t) => {
  const message = /^the machine was not ready after 0.01 seconds; its console is empty$/;
  const options = { bootTimeout: 0.01, accel: "tcg", cold: true, verbose: true } as const;
  const shown = await failing(t, options, "BOOT_TIMEOUT", message);
  t.is(shown.split("; trying once more\n").length, 2, shown);
});

test.serial("a signal during the boot kills the machine", async (t) => {
  const signal = AbortSignal.timeout(300);
  await failing(t, { signal, accel: "tcg", cold: true }, "ABORTED", /^ended by SIGTERM$/);
});

test.serial("a program gets the signal that interrupts it", async (t) => {
  const interrupted = new AbortController();
  const stdin = new Readable({
    // The program has come to where it reads, and there is nothing.
    read: () => void interrupted.abort("SIGINT"),
  });
  const options = {
    image: SMALL,
    program: "cat",
    args: ["--files-from", "-"],
    stdin,
    signal: interrupted.signal,
  };
  t.is(await runInVm({ ...options, stdout: new Collector(), stderr: new Collector() }), 130);
  t.deepEqual(descendants(process.pid), []);
});

test.serial("options that cannot work are refused before the boot", async (t) => {
  const folder = temporaryFolder(t);
  const file = (name: string, bytes: Uint8Array) => {
    writeFileSync(join(folder, name), bytes);
    return join(folder, name);
  };
  const beyond = Buffer.alloc(512);
  beyond.writeBigUInt64LE(512n, 20);
  const cases: [Partial<RunOptions>, string, RegExp][] = [
    [{ image: join(folder, "missing") }, "IMAGE_NOT_FOUND", /missing/],
    [{ image: folder }, "IMAGE_UNREADABLE", /directory/],
    [{ image: file("empty", Buffer.alloc(0)) }, "INVALID_IMAGE", /only 0 bytes/],
    [{ image: file("short", Buffer.alloc(27)) }, "INVALID_IMAGE", /only 27 bytes/],
    [{ image: file("zeroes", Buffer.alloc(512)) }, "INVALID_IMAGE", /index offset 0 lies outside/],
    [
      { image: file("beyond", beyond) },
      "INVALID_IMAGE",
      /the index offset 512 lies outside the image's 512 bytes/,
    ],
    [{ layout: "heavy" }, "LAYOUT_UNKNOWN", /light or fast/],
    [{ commit: "HEAD" }, "COMMIT_MALFORMED", /40 hexadecimal digits/],
    [{ memory: 64 }, "MEMORY", /at least 128 MiB/],
    [{ kernel: "/vmlinuz" }, "NO_KERNEL", /go together/],
    [{ kernel: "/nonexistent", modules: folder }, "NO_KERNEL", /nonexistent: no such kernel/],
    [{ kernel: file("k", beyond), modules: "/nonexistent" }, "NO_KERNEL", /no such folder of modules/],
    [{ kernel: file("k", beyond), modules: folder }, "NO_MODULE", /has no module/],
  ];
  for (const [options, code, message] of cases) t.is(await failing(t, options, code, message), "");
});
