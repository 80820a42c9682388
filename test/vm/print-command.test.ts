import { execFile } from "node:child_process";
import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import test from "ava";
import { printCommand } from "../../vm/commands.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { Collector, SMALL, SMALL_FILES } from "./fixture.ts";

const run = promisify(execFile);

function printed(image: string, args: string[]): Promise<string> {
  return printCommand({ image, program: "cat", args, stdout: new Collector(), stderr: new Collector() });
}

test("the printed line boots by hand and prints the same bytes", async (t) => {
  const folder = temporaryFolder(t, "docteur by hand '");
  const image = join(folder, "an image, linked");
  symlinkSync(SMALL, image);
  const paths = [...SMALL_FILES.keys()];
  const line = await printed(image, ["/nope", ...paths]);
  t.notRegex(line, /\n/);
  writeFileSync(join(folder, "out"), "before\n");
  // Output appended to a file, errors through a pipe.
  await run("sh", ["-c", `{ ${line} 2>&1 >>out; } </dev/null | cat >err`], { cwd: folder });
  t.deepEqual(
    readFileSync(join(folder, "out")),
    Buffer.concat([Buffer.from("before\n"), ...SMALL_FILES.values()]),
  );
  t.regex(readFileSync(join(folder, "err"), "utf8"), /^cat: \/nope: [^\n]+\n$/);
});

test("arguments that do not fit the kernel's command line are refused", async (t) => {
  await t.throwsAsync(printed(SMALL, ["x".repeat(1500)]), {
    code: "ARGUMENTS_TOO_LONG",
    message: /has 2047 bytes/,
  });
});
