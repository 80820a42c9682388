import { readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { commands } from "../../scripts/commands/index.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { CHECKOUT } from "./docteur.ts";
import { printed, sessions } from "./session.ts";

const readme = readFileSync(join(CHECKOUT, "README.md"), "utf8");

/** A run takes as long as it takes, and every zlib compresses a little differently. */
const withoutMeasures = (text: string) =>
  text.replace(/image [\d.]+ [KM]B \([\d.]+%\), [\d.]+ s$/gm, "SIZE, TIME");

test("the example in the README does what the README says", async (t) => {
  const steps = sessions(readme);
  t.true(steps.length > 3);
  const folder = temporaryFolder(t);
  for (const name of ["scripts", "test"]) symlinkSync(join(CHECKOUT, name), join(folder, name));
  for (const { line, output } of steps) {
    t.is(withoutMeasures(await printed(line, folder)), withoutMeasures(output), line);
  }
});

test("the README names every command", (t) => {
  for (const { name } of commands) t.regex(readme, new RegExp(`^    docteur ${name}\\b`, "m"));
});
