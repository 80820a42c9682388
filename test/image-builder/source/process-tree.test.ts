import { spawn } from "node:child_process";
import { once } from "node:events";
import test from "ava";
import { killProcessTree } from "../../../image-builder/source/process-tree.ts";

test("a process, its children and their children get SIGTERM", async (t) => {
  // "close" comes when nobody holds the pipe any more.
  const script = 'sh -c "sh -c \\"echo a; sleep 60; :\\" & sleep 60; :" & sleep 60; :';
  const parent = spawn("sh", ["-c", script], { stdio: ["ignore", "pipe", "ignore"] });
  await once(parent.stdout, "data");
  killProcessTree(parent.pid);
  const [, signal] = await once(parent, "close");
  t.is(signal, "SIGTERM");
});

test("a process that has exited is no error", async (t) => {
  const gone = spawn("true");
  await once(gone, "close");
  t.notThrows(() => killProcessTree(gone.pid));
  t.notThrows(() => killProcessTree(undefined));
});
