import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import test from "ava";

/** What the host may grow by. Each flood is of some hundred MiB, or has it read as much. */
const MAX_MIB = 64;

const KINDS = [
  "requests for input",
  "output that is not read",
  "empty output",
  "a frame in single bytes",
  "its console",
];

for (const kind of KINDS) {
  test.serial(`a guest that floods its host does not make it grow: ${kind}`, async (t) => {
    const script = join(import.meta.dirname, "flooded-host.ts");
    const { stdout } = await promisify(execFile)(process.execPath, [script, kind]);
    t.regex(stdout, /^\d+$/);
    t.true(Number(stdout) < MAX_MIB, `${stdout} MiB`);
  });
}
