import { spawnSync } from "node:child_process";
import test from "ava";

const RUN = new URL("run.ts", import.meta.url).pathname;
const CASES = 500;
const MOST_MIB = 400;

test("damaged and doubtful images are read or refused, in bounded memory and time", (t) => {
  const seed = Date.now() % 2 ** 31;
  const args = ["--max-old-space-size=100", RUN, "--seed", String(seed), "--cases", String(CASES)];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    encoding: "utf8",
    timeout: 240_000,
  });
  t.is(status, 0, `seed ${seed}\n${stdout}${stderr}`);
  const memory = Number(/ (\d+) MiB at most/.exec(stdout)?.[1]);
  t.true(memory < MOST_MIB, `seed ${seed} took ${memory} MiB`);
});
