import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import test from "ava";
import { temporaryFolder } from "../../temporary-folder.ts";

/** Waits for a file in a thread of Node's pool, as the look-up of a name does, whatever the signal says. */
const PROGRAM = `
import { open } from "node:fs/promises";
import { interruption, leave } from ${JSON.stringify(new URL("../../../scripts/cli/interruption.ts", import.meta.url))};
const signal = interruption(process);
process.on("exit", () => console.log("exit"));
signal.addEventListener("abort", () => {
  if (process.argv[2] === "leaves") leave(process, signal.reason);
});
void open(process.argv[1]);
setTimeout(() => console.log("waits"), 50);
`;

for (const how of ["leaves", "hangs"]) {
  test(`a process that ${how} ends by signals, while the system keeps a thread of it`, async (t) => {
    const fifo = join(temporaryFolder(t), "fifo");
    execFileSync("mkfifo", [fifo]);
    const child = spawn(process.execPath, ["--input-type=module", "-e", PROGRAM, fifo, how], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    t.teardown(() => child.kill("SIGKILL"));
    let output = "";
    child.stdout.on("data", (bytes: Buffer) => {
      // The second one, for a process that does not end by the first.
      if (output === "" || how === "hangs") child.kill("SIGINT");
      output += bytes.toString();
    });
    const ticker = setInterval(() => how === "hangs" && output !== "" && child.kill("SIGINT"), 100);
    t.teardown(() => clearInterval(ticker));
    const [status, signal] = await once(child, "close");
    t.deepEqual([status, signal], [null, "SIGINT"]);
    t.is(output, "waits\nexit\n");
  });
}
