import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { readSources } from "../../scripts/check-imports.ts";
import { CHECKOUT, command } from "../scripts/docteur.ts";
import { sessions } from "../scripts/session.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const page = readFileSync(join(CHECKOUT, "docs/DEBUGGING.md"), "utf8");

/** The programs in the page: `NAME.ts` stands at the end of the paragraph before each, or in it. */
const programs = [...page.matchAll(/`(\w+\.ts)`(?:(?!^```).)*?^```ts\n(.*?)^```/gms)].map(
  ([, name, text]) => ({
    name: name!,
    text: text!,
  }),
);

test("the examples of DEBUGGING.md print what stands there", async (t) => {
  const folder = temporaryFolder(t);
  for (const name of ["scripts", "test", "reader"]) symlinkSync(join(CHECKOUT, name), join(folder, name));
  for (const { name, text } of programs) writeFileSync(join(folder, name), text);
  const steps = sessions(page);
  t.true(steps.length >= 4);
  for (const { line, output } of steps) {
    // Node's pipes are sockets, which QEMU cannot open by the name /dev/stdout.
    const printed = await command("sh", ["-c", `{ ${line}\n} 2>&1 | cat`], { cwd: folder });
    t.is(printed.stdout.toString(), output, line);
  }
});

test("the program that reads without a run reads what it says", async (t) => {
  const { text } = programs.find(({ name }) => name === "read.ts")!;
  const folder = temporaryFolder(t);
  // Imports are relative to the file's own place, not to a link's.
  writeFileSync(join(folder, "read.ts"), text.replace('"./reader/', `"${CHECKOUT}/reader/`));
  symlinkSync(join(CHECKOUT, "test/fixtures/docteur-0.0.7/small.img"), join(folder, "disk.img"));
  const { stdout, stderr } = await command(process.execPath, ["read.ts"], { cwd: folder });
  t.is(stdout.toString(), "sorts before the tree a/\n", stderr);
});

test("the page names every code that a GuestError may have", (t) => {
  const codes = [...readSources(CHECKOUT).values()].flatMap((text) =>
    [...text.matchAll(/\bguestError\("([A-Z_]+)"/g)].map(([, code]) => code!),
  );
  const named = [...page.matchAll(/^\| `([A-Z_]+)` \| (?:QEMU|the)/gm)].map(([, code]) => code!);
  t.deepEqual(named.toSorted(), codes.toSorted());
});
