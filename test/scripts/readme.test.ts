import { readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { commands } from "../../scripts/commands/index.ts";
import { CHECKOUT, command, temporaryFolder } from "./docteur.ts";

const readme = readFileSync(join(CHECKOUT, "README.md"), "utf8");

/** A run takes as long as it takes, and every zlib compresses a little differently. */
const withoutMeasures = (text: string) =>
  text.replace(/image [\d.]+ [KM]B \([\d.]+%\), [\d.]+ s$/gm, "SIZE, TIME");

test("the example in the README does what the README says", async (t) => {
  const [, session] = /^```console\n(.*?)^```/ms.exec(readme) ?? [];
  const steps = session!.split(/^\$ /m).slice(1);
  t.true(steps.length > 3);
  const folder = temporaryFolder(t);
  for (const name of ["scripts", "test"]) symlinkSync(join(CHECKOUT, name), join(folder, name));
  for (const step of steps) {
    const [line, ...output] = step.split("\n");
    const { stdout } = await command("sh", ["-c", `${line} 2>&1`], { cwd: folder });
    t.is(withoutMeasures(stdout.toString()), withoutMeasures(output.join("\n")), line);
  }
});

test("the README names every command", (t) => {
  for (const { name } of commands) t.regex(readme, new RegExp(`^    docteur ${name}\\b`, "m"));
});
