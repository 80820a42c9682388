import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import test from "ava";

test("pipes that this process writes to do not block it once it has bundled a program", async (t) => {
  const script = join(import.meta.dirname, "../bundle-in-child.ts");
  const { stdout } = await promisify(execFile)(process.execPath, [script]);
  const flags = stdout.split(",").map((octal) => Number.parseInt(octal, 8) & constants.O_NONBLOCK);
  t.deepEqual(flags, [constants.O_NONBLOCK, constants.O_NONBLOCK]);
});
