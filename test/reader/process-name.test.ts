import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import test from "ava";
import { hasEnded, PROCESS_NAME, processName } from "../../reader/process-name.ts";

const HOUR = 60 * 60 * 1000;

/** The name of another process, by its fields in /proc/PID/stat. */
function nameOf(pid: number): string {
  const fields = readFileSync(`/proc/${pid}/stat`, "latin1").split(") ").at(-1)!.split(" ");
  return `${processName().split(".")[0]}.${pid}.${fields[19]}`;
}

test("a process is named, the same each time, and runs", (t) => {
  t.is(processName(), nameOf(process.pid));
  t.regex(processName(), new RegExp(`^${PROCESS_NAME}$`));
  t.false(hasEnded(processName(), 0));
});

test("a process has ended when it is gone, or another has its id", async (t) => {
  const other = spawn("sleep", ["100"]);
  const name = nameOf(other.pid as number);
  t.false(hasEnded(name, 0));
  t.true(hasEnded(name.replace(/\.\d+$/, ".1"), Date.now()));
  other.kill("SIGKILL");
  await once(other, "exit");
  t.true(hasEnded(name, Date.now()));
});

test("a killed process that is not waited for has ended", async (t) => {
  // The shell becomes a program that never waits for the child that it had.
  const parent = spawn("sh", ["-c", "sleep 100 & echo $!; exec sleep 100"]);
  t.teardown(() => parent.kill("SIGKILL"));
  const [output] = (await once(parent.stdout, "data")) as [Buffer];
  const pid = Number(output);
  const name = nameOf(pid);
  t.false(hasEnded(name, Date.now()));
  while (readFileSync(`/proc/${parent.pid}/comm`, "latin1") !== "sleep\n") await setTimeout(10);
  process.kill(pid, "SIGKILL");
  while (!/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "latin1"))) await setTimeout(10);
  t.true(hasEnded(name, Date.now()));
});

test("a process of another namespace counts as ended by the age of its file", (t) => {
  for (const name of ["1.1.1", `${processName().replace(/^.{8}/, "00000000")}`]) {
    t.false(hasEnded(name, Date.now() - 23 * HOUR));
    t.true(hasEnded(name, Date.now() - 25 * HOUR));
  }
});
