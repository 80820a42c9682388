import { spawn } from "node:child_process";
import { once } from "node:events";
import test from "ava";
import { endFamily } from "../../../image-builder/source/process-family.ts";

test("a process is told to end with those it has started and those these have started", async (t) => {
  // "close" comes when nobody holds the pipe any more.
  const script = 'sh -c "sh -c \\"echo a; sleep 60; :\\" & sleep 60; :" & sleep 60; :';
  const parent = spawn("sh", ["-c", script], { stdio: ["ignore", "pipe", "ignore"] });
  await once(parent.stdout, "data");
  endFamily(parent.pid);
  const [, signal] = await once(parent, "close");
  t.is(signal, "SIGTERM");
});

test("nobody is ended for a process that is not there", async (t) => {
  const gone = spawn("true");
  await once(gone, "close");
  t.notThrows(() => endFamily(gone.pid));
  t.notThrows(() => endFamily(undefined));
});
