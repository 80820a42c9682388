import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import test from "ava";
import { AccessLog } from "../../../vm/front/access-log.ts";
import type { LogTarget } from "../../../vm/front/log-target.ts";
import { LogWriter } from "../../../vm/front/log-writer.ts";
import { temporaryFolder } from "../../temporary-folder.ts";

const PEER = { family: "IPv4", address: "192.0.2.7", port: 4711 } as const;
const RECORD = { method: "GET", version: "1.1", status: 200, bytes: 1, seconds: 0.01, isCutShort: false };

/** The numbers in the targets of a log's lines. */
const numbersIn = (log: string) =>
  [...log.matchAll(/"GET \/(\d+) HTTP\/1\.1" 200 1\n/g)].map(([, n]) => Number(n));

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);

/** Waits for something that is to happen. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await sleep(5);
}

/** A log in memory that refuses to be written, or takes a few bytes at a time, as a test says. */
class MemoryTarget implements LogTarget {
  text = "";
  error: string | undefined;
  /** Bytes that it still takes. */
  space = Number.POSITIVE_INFINITY;
  isClosed = false;

  async write(bytes: Uint8Array, offset: number): Promise<number> {
    await sleep(0);
    if (this.isClosed) throw Object.assign(new Error("EBADF"), { code: "EBADF" });
    if (this.error !== undefined) throw Object.assign(new Error(this.error), { code: this.error });
    if (this.space === 0) throw Object.assign(new Error("ENOSPC"), { code: "ENOSPC" });
    const taken = bytes.subarray(offset, Math.min(bytes.length, offset + Math.min(this.space, 7)));
    this.space -= taken.length;
    this.text += Buffer.from(taken).toString();
    return taken.length;
  }

  async close(): Promise<void> {
    this.isClosed = true;
    if (this.error !== undefined) throw Object.assign(new Error(this.error), { code: this.error });
  }
}

async function memoryLog(maxQueue?: number) {
  const targets: MemoryTarget[] = [];
  const notes: string[] = [];
  const writer = await LogWriter.open({
    name: "log",
    open: async () => targets[targets.push(new MemoryTarget()) - 1]!,
    note: (line) => notes.push(line),
    ...(maxQueue !== undefined && { maxQueue }),
  });
  return { writer, targets, notes };
}

test("lines are appended to the file, in order, and all are there when the log is closed", async (t) => {
  const path = join(temporaryFolder(t), "access.log");
  writeFileSync(path, "before\n");
  const log = await AccessLog.open(path);
  for (const n of upTo(5000)) log.record({ ...RECORD, target: `/${n}` }, PEER);
  await log.close();
  const written = readFileSync(path, "utf8");
  t.true(written.startsWith("before\n192.0.2.7 - - ["));
  t.deepEqual(numbersIn(written), upTo(5000));
  t.is(log.dropped, 0);
});

test("a line appears in the file while the log is open", async (t) => {
  const path = join(temporaryFolder(t), "access.log");
  const log = await AccessLog.open(path);
  log.record({ ...RECORD, target: "/1" }, undefined, 0);
  await until(() => readFileSync(path, "utf8") !== "");
  t.is(readFileSync(path, "utf8"), 'unix: - - [01/Jan/1970:00:00:00 +0000] "GET /1 HTTP/1.1" 200 1\n');
  await log.close();
});

test("a new file is for its owner and group", async (t) => {
  const path = join(temporaryFolder(t), "access.log");
  await (await AccessLog.open(path)).close();
  t.is(statSync(path).mode & 0o777, 0o640 & ~process.umask());
});

test("a rotation by rename and reopen loses no line and splits none", async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, "access.log");
  const log = await AccessLog.open(path);
  const rotations = 20;
  let next = 0;
  for (const rotation of upTo(rotations)) {
    for (const _ of upTo(100)) log.record({ ...RECORD, target: `/${next++}` }, PEER);
    await sleep(rotation % 3 === 0 ? 0 : rotation);
    renameSync(path, `${path}.${rotation}`);
    for (const _ of upTo(100)) log.record({ ...RECORD, target: `/${next++}` }, PEER);
    const reopened = log.reopen();
    for (const _ of upTo(100)) log.record({ ...RECORD, target: `/${next++}` }, PEER);
    await reopened;
    t.true(existsSync(path));
  }
  await log.close();
  const files = [...upTo(rotations).map((rotation) => `${path}.${rotation}`), path];
  const texts = files.map((file) => readFileSync(file, "utf8"));
  t.deepEqual(numbersIn(texts.join("")), upTo(next));
  for (const each of texts) t.true(each === "" || each.endsWith("\n"));
  t.true(texts.filter((each) => each !== "").length > 1);
});

test("a log that cannot be reopened goes on in the old file, with a note", async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, "logs/access.log");
  mkdirSync(join(folder, "logs"));
  const notes: string[] = [];
  const log = await AccessLog.open(path, (line) => notes.push(line));
  renameSync(join(folder, "logs"), join(folder, "old"));
  await log.reopen();
  log.record({ ...RECORD, target: "/1" }, PEER);
  await log.close();
  t.deepEqual(notes, [`${path}: the log cannot be opened: its folder is not there; the old file goes on`]);
  t.deepEqual(numbersIn(readFileSync(join(folder, "old/access.log"), "utf8")), [1]);
});

test("a file that cannot be opened is refused", async (t) => {
  const folder = temporaryFolder(t);
  const refuse = (path: string, message: RegExp) =>
    t.throwsAsync(AccessLog.open(path), { code: "LOG_UNWRITABLE", message });
  await refuse(folder, /EISDIR/);
  await refuse(join(folder, "none/log"), /its folder is not there/);
  // Opening it must not wait for a reader.
  execFileSync("mkfifo", [join(folder, "fifo")]);
  await refuse(join(folder, "fifo"), /no program reads this pipe/);
});

test("a full disk is noted once, and what fits in the queue is written when there is space again", async (t) => {
  const { writer, targets, notes } = await memoryLog();
  const [target] = targets as [MemoryTarget];
  target.space = 10;
  for (const n of upTo(100)) writer.write(`line ${n}\n`);
  await until(() => notes.length > 0);
  for (const n of upTo(100)) writer.write(`line ${100 + n}\n`);
  target.space = Number.POSITIVE_INFINITY;
  await until(() => target.text.endsWith("line 199\n"));
  t.is(
    target.text,
    upTo(200)
      .map((n) => `line ${n}\n`)
      .join(""),
  );
  t.is(writer.dropped, 0);
  t.deepEqual(notes, [
    "log: the log cannot be written: no space is left on the disk; of the lines that wait, those beyond 1048576 bytes are dropped",
    "log: the log is written again; lines dropped: 0",
  ]);
  await writer.close();
});

test("lines beyond the queue are dropped, counted and noted, and none is in pieces", async (t) => {
  const { writer, targets, notes } = await memoryLog(100);
  const [target] = targets as [MemoryTarget];
  target.error = "EIO";
  for (const n of upTo(1000)) writer.write(`line ${n}\n`);
  t.true(writer.dropped > 900);
  t.is(notes.length, 1);
  t.regex(
    notes[0]!,
    /^log: the log is written more slowly than requests come; .* beyond 100 bytes are dropped$/,
  );
  target.error = undefined;
  await until(() => notes.length > 1);
  t.is(notes[1], `log: the log is written again; lines dropped: ${writer.dropped}`);
  writer.write("last\n");
  await writer.close();
  const lines = target.text.split("\n");
  t.is(lines.length - 2 + writer.dropped, 1000);
  t.true(lines.slice(0, -2).every((line) => /^line \d+$/.test(line)));
  t.deepEqual(lines.slice(-2), ["last", ""]);
});

test("a line that was written in part is whole in the file that is opened next", async (t) => {
  const { writer, targets } = await memoryLog();
  targets[0]!.space = 10;
  writer.write("line 0\n");
  writer.write("line 1\n");
  await until(() => targets[0]!.text.length === 10);
  await writer.reopen();
  await writer.close();
  t.is(targets[0]!.text, "line 0\nlin");
  t.is(targets[1]!.text, "line 1\n");
  t.true(targets.every(({ isClosed }) => isClosed));
});

test("a log that is closed while its disk is full ends, and says how many lines are lost", async (t) => {
  const { writer, targets, notes } = await memoryLog();
  targets[0]!.space = 10;
  for (const n of upTo(5)) writer.write(`line ${n}\n`);
  await writer.close();
  t.is(writer.dropped, 4);
  t.is(notes.at(-1), "log: closed; lines that could not be written: 4");
  writer.write("late\n");
  t.is(writer.dropped, 5);
  await writer.close();
  await writer.reopen();
  t.true(targets.every(({ isClosed }) => isClosed));
});

test("a file that fails when it is closed is noted, and the next one is written", async (t) => {
  const { writer, targets, notes } = await memoryLog();
  targets[0]!.error = "EDQUOT";
  await writer.reopen();
  t.deepEqual(notes, ["log: the log cannot be closed: the disk quota is used up"]);
  writer.write("line\n");
  await writer.close();
  t.is(targets[1]!.text, "line\n");
});

test("a write that never ends holds up neither the lines nor the end", async (t) => {
  let end = () => {};
  const taken: string[] = [];
  const writer = await LogWriter.open({
    name: "log",
    open: async () => ({
      write: (bytes, offset) =>
        new Promise((resolve) => {
          taken.push(Buffer.from(bytes.subarray(offset)).toString());
          end = () => resolve(bytes.length - offset);
        }),
      close: async () => {
        taken.push("closed");
      },
    }),
  });
  writer.write("line\n");
  await until(() => taken.length > 0);
  writer.write("next\n");
  await writer.close(10);
  t.is(writer.dropped, 2);
  t.deepEqual(taken, ["line\n"]);
  // Only then is its descriptor free for another file.
  end();
  await until(() => taken.length > 1);
  t.deepEqual(taken, ["line\n", "closed"]);
});

test("/dev/full neither ends nor holds up the process", async (t) => {
  const notes: string[] = [];
  const log = await AccessLog.open("/dev/full", (line) => notes.push(line));
  for (const n of upTo(100)) log.record({ ...RECORD, target: `/${n}` }, PEER);
  await until(() => notes.length > 0);
  t.regex(notes[0]!, /^\/dev\/full: the log cannot be written: no space is left on the disk; /);
  await log.close();
  t.is(log.dropped, 100);
});

/** Writes as many lines as its argument says to the standard output, waits for its standard input, and closes. */
const WRITER = `
const { AccessLog } = await import(process.argv[1]);
const log = await AccessLog.open("-", (line) => console.error(line));
for (let n = 0; n < Number(process.argv[2]); n++) log.record({ ...${JSON.stringify(RECORD)}, target: "/" + n }, undefined);
process.stdin.resume().once("end", async () => {
  await log.reopen();
  await log.close();
  console.error("dropped " + log.dropped);
});
`;
const MODULE = join(import.meta.dirname, "../../../vm/front/access-log.ts");

function startWriter(lines: number, to: "pipe" | number) {
  const args = ["--input-type=module", "-e", WRITER, MODULE, String(lines)];
  return spawn(process.execPath, args, { stdio: ["pipe", to, "pipe"] });
}

test("standard output may be a socket, a pipe or a file", async (t) => {
  const folder = temporaryFolder(t);
  // Node gives its children sockets for pipes.
  const child = startWriter(1000, "pipe");
  child.stdin!.end();
  // Both at once: of a process that has ended, Node drops what nobody reads.
  const [stdout, stderr] = await Promise.all([text(child.stdout!), text(child.stderr!)]);
  t.deepEqual(numbersIn(stdout), upTo(1000));
  t.is(stderr, "dropped 0\n");
  const through = (redirection: string) =>
    execFileSync(
      "sh",
      ["-c", `"$0" --input-type=module -e "$1" "$2" 1000 ${redirection}`, process.execPath, WRITER, MODULE],
      { cwd: folder, input: "", encoding: "utf8", stdio: ["pipe", "pipe", "pipe"] },
    );
  t.deepEqual(numbersIn(through("| cat")), upTo(1000));
  through(">file");
  through(">>file");
  t.deepEqual(numbersIn(readFileSync(join(folder, "file"), "utf8")), [...upTo(1000), ...upTo(1000)]);
});

test("a pipe that nobody reads, or whose reader is gone, does not hold up the process", async (t) => {
  // The pipe takes 64 KiB; its reader looks at nothing until the writer has ended.
  const script = `{ "$0" --input-type=module -e "$1" "$2" 30000 2>&3; echo ended >&3; } | { READER; }`;
  for (const reader of ["read -r line <&4", "exec <&-; read -r line <&4"]) {
    const child = spawn("sh", ["-c", script.replace("READER", reader), process.execPath, WRITER, MODULE], {
      stdio: ["pipe", "ignore", "inherit", "pipe", "pipe"],
    });
    child.stdin!.end();
    const [, , , said, held] = child.stdio as unknown as NodeJS.ReadWriteStream[];
    const lines: string[] = [];
    for await (const chunk of said!) {
      lines.push(String(chunk));
      if (lines.join("").includes("ended")) (held as NodeJS.WritableStream).end("go on\n");
    }
    t.regex(lines.join(""), /^standard output: .*\n(?:.*\n)*dropped \d{5}\nended\n$/);
  }
});
