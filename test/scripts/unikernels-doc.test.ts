import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { FIXTURES } from "../fixtures.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { CHECKOUT } from "./docteur.ts";
import { printed, sessions } from "./session.ts";
import { signalled } from "./signalled.ts";

const document = readFileSync(join(CHECKOUT, "docs/UNIKERNELS.md"), "utf8");

/** The programs in the document: a line that begins with `NAME.ts` stands before each. */
const PROGRAMS = [...document.matchAll(/^`(\w+\.ts)`(?:(?!^```).)*^```ts\n(.*?)^```/gms)].map(
  ([, name, text]) => ({ name: name!, text: text! }),
);

function writePrograms(folder: string): void {
  for (const { name, text } of PROGRAMS) writeFileSync(join(folder, name), text);
}

test("the document's programs do what it says, each after a check of its types", async (t) => {
  const folder = temporaryFolder(t);
  for (const name of ["scripts", "test"]) symlinkSync(join(CHECKOUT, name), join(folder, name));
  t.deepEqual(
    PROGRAMS.map(({ name }) => name),
    ["hello.ts", "search.ts", "answer.ts"],
  );
  writePrograms(folder);
  const steps = sessions(document);
  for (const { line, output } of steps) t.is(await printed(line, folder), output, line);
  for (const { name } of PROGRAMS) t.true(steps.some(({ line }) => line.includes(`./${name}`)));
  t.true(
    steps.some(({ line }) => line.includes("run disk.img")),
    "one runs in the machine",
  );
});

test("the type error that the page shows is the one that docteur prints", async (t) => {
  const folder = temporaryFolder(t);
  const [, shown] = /^ {4}(hello\.ts:.*\n) {4}(docteur: .*\n)/m.exec(document) ?? [];
  const { text } = PROGRAMS.find(({ name }) => name === "hello.ts")!;
  writeFileSync(join(folder, "hello.ts"), text.replace("store.get(", "store.gett("));
  const line = `"${join(CHECKOUT, "scripts/docteur")}" run -t unix "${join(FIXTURES, "small.img")}" ./hello.ts`;
  const [first, last] = (await printed(line, folder)).split(/(?<=\n)/);
  t.is(first, shown);
  t.true(document.includes(`    ${last}`));
});

test("the program that answers ends by itself on a signal", async (t) => {
  const folder = temporaryFolder(t);
  writePrograms(folder);
  const args = ["run", "-t", "unix", join(FIXTURES, "small.img"), "./answer.ts"];
  const { status, stderr } = await signalled(args, "SIGTERM", { cwd: folder, input: "/a.txt\n" });
  t.deepEqual([status, stderr], [0, "ended by SIGTERM\n"]);
});
