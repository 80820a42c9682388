import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { temporaryFolder } from "../temporary-folder.ts";
import { CHECKOUT, command } from "./docteur.ts";

const cases: { title: string; output: string; status: number; line: string }[] = [
  {
    title: "all pass",
    output: "  ✔ a › 3 tests failed\n  ✔ b › c\n  ─\n\n  2 tests passed\n",
    status: 0,
    line: "2 passed, 0 failed, 0 skipped",
  },
  {
    title: "one test, in colour",
    output: "  \x1b[90m─\x1b[39m\n\n  \x1b[32m1 test passed\x1b[39m\n",
    status: 0,
    line: "1 passed, 0 failed, 0 skipped",
  },
  {
    title: "failures of every kind",
    output:
      "  ✔ a › 7 tests passed\n  \x1b[32m✔\x1b[39m b\n  ✘ [fail]: c\n  ─\n\n  a › b\n\n  12 tests failed here\n\n  ─\n\n  1 hook failed\n  2 tests failed\n  1 test skipped\n  1 test todo\n  1 unhandled rejection\n  1 uncaught exception\n",
    status: 2,
    line: "2 passed, 5 failed, 2 skipped",
  },
  {
    title: "the type check fails",
    output: "a.ts(1,1): error\n",
    status: 2,
    line: "0 passed, 1 failed, 0 skipped",
  },
  {
    title: "a file does not load",
    output: "  ─\n\n  5 tests passed\n",
    status: 2,
    line: "5 passed, 1 failed, 0 skipped",
  },
];

for (const { title, output, status, line } of cases) {
  test(`CI counts: ${title}`, async (t) => {
    const folder = temporaryFolder(t);
    writeFileSync(join(folder, "output"), output);
    writeFileSync(join(folder, "make"), `#!/bin/sh\ncat '${folder}/output'\nexit ${status}\n`);
    chmodSync(join(folder, "make"), 0o755);
    const env = { PATH: `${folder}:${process.env.PATH}` };
    const result = await command("bash", [join(CHECKOUT, ".ci/run")], { env, cwd: folder });
    t.is(result.stdout.toString(), `${output}${line}\n`);
    t.is(result.status, status);
  });
}
