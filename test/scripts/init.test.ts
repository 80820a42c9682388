import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { whereDocteurIs } from "../../scripts/write-starter.ts";
import { FIXTURES } from "../fixtures.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { CHECKOUT, docteur, refused } from "./docteur.ts";

const image = join(FIXTURES, "small.img");

test("what init writes checks and runs as it is, and every step is in its README", async (t) => {
  const folder = temporaryFolder(t);
  const { status, stdout, stderr } = await docteur(["init", "My Reader/"], { cwd: folder });
  t.deepEqual([status, stdout.toString()], [0, ""]);
  t.is(stderr, "My Reader: run its program by docteur run IMAGE My Reader/main.ts\n");
  const project = join(folder, "My Reader");
  const files = [".gitignore", ".npmrc", "README.md", "main.ts", "package.json", "tsconfig.json"];
  t.deepEqual(readdirSync(project).sort(), files);
  const { name, devDependencies } = JSON.parse(readFileSync(join(project, "package.json"), "utf8"));
  t.is(name, "my-reader");
  // Where the checkout is another user's it may be its types alone, which are in it.
  t.is(devDependencies.docteur, whereDocteurIs(project));
  t.is(join(project, devDependencies.docteur.replace(/^file:/, "")).replace(/\/dist\/types$/, ""), CHECKOUT);
  const [, command] = /^ {4}docteur (run .*)$/m.exec(readFileSync(join(project, "README.md"), "utf8")) ?? [];
  const args = command!.split(" ").map((word) => (word === "disk.img" ? image : word));
  for (const target of ["unix", "qemu"]) {
    const run = await docteur([args[0]!, "-t", target, ...args.slice(1)], { cwd: project });
    t.deepEqual(run.stdout.toString().split("\n"), [
      ".bin              2 files       6280 bytes",
      ".txt              5 files         75 bytes",
      ".md               1 files         74 bytes",
      "(none)            2 files         39 bytes",
      "",
    ]);
    t.deepEqual([run.status, run.stderr], [0, ""]);
  }
  const deeper = await docteur(["run", "-t", "unix", image, "./main.ts", "/a/b"], { cwd: project });
  t.is(deeper.stdout.toString(), ".txt              1 files         17 bytes\n");
});

test("init refuses a folder that is not empty, and a file", async (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, "empty"));
  t.is((await docteur(["init", "empty"], { cwd: folder })).status, 0);
  mkdirSync(join(folder, "full"));
  writeFileSync(join(folder, "full", ".hidden"), "");
  refused(
    t,
    await docteur(["init", "full"], { cwd: folder }),
    1,
    /^docteur: full is not empty: name a new folder/,
  );
  t.deepEqual(readdirSync(join(folder, "full")), [".hidden"]);
  refused(t, await docteur(["init", "full/.hidden"], { cwd: folder }), 1, /not a folder/);
  refused(t, await docteur(["init"], { cwd: folder }), 2, /FOLDER is missing/);
});
