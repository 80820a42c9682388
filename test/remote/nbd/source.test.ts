import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { SourceError } from "../../../reader/source-error.ts";
import { serveNbd } from "../../../remote/nbd/server.ts";
import { findNbdExport, openNbdSource } from "../../../remote/nbd/source.ts";
import { findTool } from "../../../vm/tools.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import { address, listen, MemoryImage, pattern, serve } from "./served.ts";

test("an export is read through several requests at once", async (t) => {
  const image = new MemoryImage(pattern(300_001));
  const found = await serve(t, image, { exportName: "a b" });
  await using source = await openNbdSource(found);
  t.is(source.size, 300_001);
  t.deepEqual(Buffer.from(source.start), image.bytes.subarray(0, 65536));
  t.is(source.display, found.display);
  const reads = Array.from({ length: 50 }, (_, index) => source.read(index * 6000, 6001));
  for (const [index, bytes] of (await Promise.all(reads)).entries()) {
    t.deepEqual(Buffer.from(bytes), image.bytes.subarray(index * 6000, index * 6000 + 6001));
  }
  t.deepEqual(await source.read(300_001, 0), Buffer.alloc(0));
  await t.throwsAsync(source.read(300_000, 2), { instanceOf: RangeError });
});

test("an export is found without being its client", async (t) => {
  t.is(await findNbdExport(await serve(t, new MemoryImage(pattern(777)))), 777);
});

test("a server that is not there, or has no such export, is reported", async (t) => {
  const { port } = new URL((await serve(t, new MemoryImage(pattern(10)))).display);
  for (const open of [openNbdSource, findNbdExport]) {
    await t.throwsAsync(open(address(`nbd://127.0.0.1:${port}/other`)), {
      instanceOf: SourceError,
      code: "SOURCE_NOT_FOUND",
      message: /no export named other/,
    });
    await t.throwsAsync(open(address("nbd+unix:///?socket=/nonexistent/socket")), {
      instanceOf: SourceError,
      code: "SOURCE_UNREACHABLE",
      message: /^nbd\+unix:.*ENOENT/,
    });
  }
});

test("a server that speaks something else, or hangs up, or says nothing, is reported", async (t) => {
  const cases: [Parameters<typeof listen>[1], string][] = [
    [(socket) => socket.write("HTTP/1.1 400 Bad Request\r\n\r\n"), "SOURCE_MALFORMED"],
    [(socket) => socket.end(), "SOURCE_UNREACHABLE"],
    [() => {}, "SOURCE_TIMEOUT"],
  ];
  for (const [onConnection, code] of cases) {
    const port = await listen(t, onConnection);
    const opening = openNbdSource(address(`nbd://127.0.0.1:${port}/`), { deadline: 0.3 });
    await t.throwsAsync(opening, { instanceOf: SourceError, code });
  }
});

test("a connection that is lost is made again, and a read under way is sent again", async (t) => {
  const image = new MemoryImage(pattern(100_000));
  let count = 0;
  const port = await listen(t, (socket) => {
    serveNbd(socket, image);
    if (count++ === 0) image.before = (offset) => void (offset === 50_000 && socket.destroy());
  });
  const lines: string[] = [];
  await using source = await openNbdSource(address(`nbd://127.0.0.1:${port}/`), {
    detail: (line) => lines.push(line),
  });
  const reads = await Promise.all([source.read(50_000, 100), source.read(70_000, 100)]);
  t.deepEqual(
    reads.map((bytes) => Buffer.from(bytes)),
    [image.bytes.subarray(50_000, 50_100), image.bytes.subarray(70_000, 70_100)],
  );
  t.is(count, 2);
  t.regex(lines.join(), /connecting again/);
});

test("an export of another size behind the same address is not read", async (t) => {
  let size = 5000;
  let cut = () => {};
  const port = await listen(t, (socket) => {
    cut = () => void socket.destroy();
    serveNbd(socket, new MemoryImage(pattern(size)));
  });
  await using source = await openNbdSource(address(`nbd://127.0.0.1:${port}/`));
  size = 6000;
  cut();
  await t.throwsAsync(source.read(0, 10), { instanceOf: SourceError, code: "SOURCE_CHANGED" });
});

test("a read that fails at the server, or is not answered, or is aborted, fails for itself alone", async (t) => {
  const image = new MemoryImage(pattern(100_000));
  image.before = (offset, _length, signal) => {
    if (offset === 70_000) throw new Error("a bad disk");
    if (offset !== 80_000) return;
    return new Promise((_, reject) => signal!.addEventListener("abort", () => reject(signal!.reason)));
  };
  const found = await serve(t, image);
  await using source = await openNbdSource(found, { deadline: 0.5 });
  await t.throwsAsync(source.read(70_000, 10), { code: "SOURCE_UNREACHABLE", message: /\(EIO\)/ });
  const abort = new AbortController();
  const aborted = source.read(80_000, 10, abort.signal);
  abort.abort(new Error("no more"));
  await t.throwsAsync(aborted, { message: "no more" });
  await t.throwsAsync(source.read(80_000, 10), { instanceOf: SourceError, code: "SOURCE_TIMEOUT" });
  t.deepEqual(Buffer.from(await source.read(90_000, 10)), image.bytes.subarray(90_000, 90_010));
});

const qemuNbd = findTool("qemu-nbd");

// It is in qemu-utils, which nothing else here needs: a user may not have it.
(qemuNbd === undefined ? test.skip : test)("qemu-nbd serves us, and stays for another client", async (t) => {
  const folder = temporaryFolder(t);
  const [file, socket] = [join(folder, "disk"), join(folder, "socket")];
  const bytes = pattern(200_000);
  writeFileSync(file, bytes);
  const args = ["--read-only", "--format=raw", "--export-name=disk", `--socket=${socket}`, file];
  const server = spawn(qemuNbd!, args, { stdio: "ignore" });
  const exited = once(server, "exit");
  t.teardown(() => server.kill("SIGKILL"));
  while (!existsSync(socket)) await new Promise((resolve) => setTimeout(resolve, 10));
  const found = address(`nbd+unix:///disk?socket=${socket}`);
  const unknown = address(`nbd+unix:///other?socket=${socket}`);
  // It rounds up to whole sectors of its file.
  t.is(await findNbdExport(found), 200_192);
  await t.throwsAsync(findNbdExport(unknown), { code: "SOURCE_NOT_FOUND" });
  {
    await using source = await openNbdSource(found);
    t.deepEqual(Buffer.from(await source.read(1, 199_998)), bytes.subarray(1, 199_999));
  }
  // Without --persistent it ends with its first client.
  t.deepEqual(await exited, [0, null]);
});
