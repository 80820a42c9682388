import { execFileSync, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { FileTooLargeError, readSmallFile, SilentPipeError } from "../../../remote/http/small-file.ts";
import { temporaryFolder } from "../../temporary-folder.ts";

const options = { maximum: 1000, encoding: "utf8" } as const;

function fifo(t: ExecutionContext): string {
  const path = join(temporaryFolder(t), "fifo");
  execFileSync("mkfifo", [path]);
  return path;
}

test("a pipe to which nobody writes is given up, by time or by a signal", async (t) => {
  const path = fifo(t);
  await t.throwsAsync(readSmallFile(path, { ...options, patience: 50 }), { instanceOf: SilentPipeError });
  const reason = new Error("enough");
  const controller = new AbortController();
  const reading = readSmallFile(path, { ...options, signal: controller.signal });
  controller.abort(reason);
  t.is(await t.throwsAsync(reading), reason);
});

test("a pipe is read to its end, however late and slowly its writer comes", async (t) => {
  const path = fifo(t);
  const writer = spawn("sh", ["-c", `sleep 0.2; exec 9>"$0"; echo one >&9; sleep 0.2; echo two >&9`, path]);
  t.teardown(() => writer.kill("SIGKILL"));
  t.is(await readSmallFile(path, options), "one\ntwo\n");
});

test("a file may be empty, and no larger than it may be", async (t) => {
  const path = join(temporaryFolder(t), "file");
  writeFileSync(path, "");
  t.is(await readSmallFile(path, options), "");
  writeFileSync(path, "a".repeat(1000));
  t.is((await readSmallFile(path, options)).length, 1000);
  writeFileSync(path, "a".repeat(1001));
  await t.throwsAsync(readSmallFile(path, options), { instanceOf: FileTooLargeError });
  await t.throwsAsync(readSmallFile("/dev/zero", options), { instanceOf: FileTooLargeError });
  t.is(await readSmallFile("/dev/null", options), "");
});
