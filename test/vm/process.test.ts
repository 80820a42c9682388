import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import test from "ava";
import { descendants, isAlive, SMALL } from "./fixture.ts";

const SCRIPT = join(import.meta.dirname, "run-in-child.ts");

/** A run whose program waits for its standard input. */
function waiting(target: string) {
  return spawn(process.execPath, [SCRIPT, target, SMALL, "cat", "--files-from", "-"]);
}

for (const target of ["vm", "host"]) {
  test.serial(`a guest ends when its parent is killed (${target})`, async (t) => {
    const child = waiting(target);
    // The path that it was given comes back as a file: it is up.
    child.stdin.write("/README.md\n");
    await once(child.stdout, "data");
    const [guest, ...more] = descendants(child.pid!);
    t.deepEqual(more, []);
    child.kill("SIGKILL");
    await once(child, "exit");
    while (isAlive(guest!.pid)) await new Promise((resolve) => setTimeout(resolve, 20));
    t.pass();
  });

  test.serial(`SIGTERM ends the program and leaves no process (${target})`, async (t) => {
    const child = waiting(target);
    child.stdin.write("/README.md\n");
    await once(child.stdout, "data");
    const [guest] = descendants(child.pid!);
    child.kill("SIGTERM");
    const [status] = await once(child, "exit");
    t.is(status, 143);
    t.false(isAlive(guest!.pid));
  });

  test.serial(`a closed pipe ends the program (${target})`, async (t) => {
    const child = waiting(target);
    child.stdin.write("/README.md\n");
    await once(child.stdout, "data");
    child.stdout.destroy();
    child.stdin.write("/README.md\n");
    const [status] = await once(child, "exit");
    t.is(status, 141);
  });
}
