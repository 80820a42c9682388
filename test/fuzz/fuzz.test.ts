import { spawnSync } from "node:child_process";
import test from "ava";

const RUN = new URL("run.ts", import.meta.url).pathname;
const CASES = 400;

/**
 * The same for every run: what fails on one machine fails on the next. `make fuzz` takes another each time.
 */
const SEED = 20260726;

test("damaged, doubtful and hostile images are read or refused, in bounded memory and time", (t) => {
  const args = [RUN, "--seed", String(SEED), "--cases", String(CASES)];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    encoding: "utf8",
    timeout: 600_000,
  });
  t.is(status, 0, `${stdout}${stderr}`);
  t.regex(stdout, new RegExp(`seed ${SEED}, ${CASES} cases, [1-9]\\d* of them hostile, 0 failures`));
});
