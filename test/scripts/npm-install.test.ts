import {
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { whereDocteurIs } from "../../scripts/write-starter.ts";
import { FIXTURES } from "../fixtures.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { CHECKOUT, command, docteur, git } from "./docteur.ts";
import { type Registry, startRegistry } from "./npm-registry.ts";
import { copyCheckout, copyDependencies, dependencies, npmOf } from "./npm-sandbox.ts";

const image = join(FIXTURES, "similar.img");
const COMMANDS = ["docteur", "docteur.make", "docteur.verify"];

const WRONG_PROGRAM = `import type { Unikernel } from "docteur/guest";
export default (async ({ store }) => store.describe("/", {
  follow: true,
}).size) satisfies Unikernel;
`;

/**
 * What all tests here begin with: an archive that `npm pack` made of a copy of this checkout, and a project
 * beside it.
 */
const folder = realpathSync(mkdtempSync(join(tmpdir(), "docteur test ")));
const copy = join(folder, "docteur");
const project = join(folder, "project");
const stranger = join(folder, "stranger");
let registry: Registry;
let npm: ReturnType<typeof npmOf>;
let archive: string;
/** What the installation asked the registry for. */
let asked: readonly string[];

test.before(async (t) => {
  t.timeout(600_000);
  copyCheckout(copy);
  copyDependencies(copy);
  // As esbuild's installation script leaves it, which `make setup` does not run.
  const wrapper = join(copy, "node_modules/esbuild/bin/esbuild");
  rmSync(wrapper);
  linkSync(join(copy, "node_modules/@esbuild/linux-x64/bin/esbuild"), wrapper);

  mkdirSync(stranger);
  writeFileSync(join(stranger, "package.json"), '{ "name": "docteur", "version": "99.0.0" }');
  registry = await startRegistry([...dependencies().map(({ path }) => join(copy, path)), stranger]);
  npm = npmOf(folder, registry);

  const packed = await npm(["pack", "--pack-destination", folder], copy);
  t.is(packed.status, 0, packed.stderr);
  archive = join(folder, readdirSync(folder).find((name) => name.endsWith(".tgz"))!);
  writeProject(project);
  const installed = await npm(["install", archive], project);
  t.is(installed.status, 0, installed.stderr);
  asked = [...registry.asked];
});

test.after.always(async () => {
  await registry?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

function writeProject(at: string): void {
  mkdirSync(at);
  const scripts = { node: "node --version", docteur: "docteur --version" };
  writeFileSync(join(at, "package.json"), JSON.stringify({ private: true, scripts }));
}

test("an installed package has all that it needs, and adds no command to a project but its own", async (t) => {
  t.deepEqual(asked, [], "nothing is fetched");
  const modules = join(project, "node_modules");
  t.deepEqual(
    readdirSync(modules).filter((name) => !name.startsWith(".")),
    ["docteur"],
  );
  t.deepEqual(readdirSync(join(modules, ".bin")).sort(), COMMANDS);
  const bundled = dependencies().map(({ path }) =>
    existsSync(join(modules, "docteur", path, "package.json")),
  );
  t.true(bundled.length > 10 && bundled.every(Boolean));
  t.deepEqual(readdirSync(join(modules, "docteur")).sort(), [
    "CHANGELOG.md",
    "LICENSE",
    "README.md",
    "dist",
    "docs",
    "node_modules",
    "package.json",
    "scripts",
    "vm",
  ]);
  const version = await command("node", ["--version"], { cwd: folder });
  const script = await npm(["run", "--silent", "node"], project);
  // npm itself may have a word to say on standard error.
  t.is(String(script.stdout), String(version.stdout), "the Node of a project's scripts");
  const { stdout } = await npm(["run", "--silent", "docteur"], project);
  t.deepEqual(stdout, (await docteur(["--version"])).stdout);
});

test("the installed commands do what those of the checkout do", async (t) => {
  const installed = (name: string, ...args: string[]) =>
    command(join(project, "node_modules/.bin", name), args, { cwd: project });
  t.deepEqual(await installed("docteur", "run", "--help"), await docteur(["run", "--help"]));
  t.deepEqual(await installed("docteur.verify", image), await docteur(["verify", image]));
  t.deepEqual(
    await installed("docteur", "run", "-t", "unix", image, "ls", "-l", "-R", "/"),
    await docteur(["run", "-t", "unix", image, "ls", "-l", "-R", "/"]),
  );
  const date = "2020-10-10T08:00:00+00:00";
  const made = await installed("docteur.make", "-d", date, join(FIXTURES, "stores/small"), "disk.img");
  t.is(made.status, 0, made.stderr);
});

/**
 * All paths but those of the tests' own cache, which other tests fill meanwhile, and in which not all may be
 * entered.
 */
function filesBelow(root: string, folder = ""): string[] {
  const entries = readdirSync(join(root, folder), { withFileTypes: true });
  return entries
    .map((entry) => ({ entry, path: join(folder, entry.name) }))
    .filter(({ path }) => path !== "node_modules/.cache")
    .flatMap(({ entry, path }) => {
      const isFolder = entry.isDirectory() || path === "node_modules";
      return isFolder ? [path, ...filesBelow(root, path)] : [path];
    })
    .sort();
}

/** Installs a starter, and asserts that it has the docteur in `root`, or a part of it, and works. */
async function starterWorks(t: ExecutionContext, starter: string, root: string) {
  const before = filesBelow(root);
  const installed = await npm(["install"], starter);
  t.is(installed.status, 0, installed.stderr);
  t.false(registry.asked.includes("docteur"), "the registry is not asked for docteur");
  t.is(realpathSync(join(starter, "node_modules/docteur")), root);
  t.deepEqual(filesBelow(root), before, "what is linked stays as it was");
  const typescript = join(CHECKOUT, "node_modules/typescript/bin/tsc");
  const checked = await command(process.execPath, [typescript, "-p", starter]);
  t.is(checked.status, 0, checked.stdout.toString());
}

test("a starter of an installed docteur depends on that one", async (t) => {
  const started = await npm(["exec", "--", "docteur", "init", "own"], project);
  t.is(started.status, 0, started.stderr);
  const own = join(project, "own");
  await starterWorks(t, own, join(project, "node_modules/docteur"));
  cpSync(image, join(own, "disk.img"));
  const { stdout } = await docteur(["run", "-t", "unix", image, "scripts/starter/main.ts"], {
    cwd: CHECKOUT,
  });
  const run = join(own, "node_modules/.bin/docteur");
  t.deepEqual(
    (await command(run, ["run", "-t", "unix", "disk.img", "main.ts"], { cwd: own })).stdout,
    stdout,
  );
  writeFileSync(join(own, "wrong.ts"), WRONG_PROGRAM);
  const wrong = await command(run, ["run", "-t", "unix", "disk.img", "wrong.ts"], { cwd: own });
  t.regex(wrong.stderr, /^wrong\.ts:2:\d+: error TS2345: /);
  t.is(wrong.status, 1);
});

test("a starter of a global docteur depends on it, or where it is another user's on its types", async (t) => {
  const prefix = join(folder, "global");
  const installed = await npm(["install", "--global", "--offline", "--prefix", prefix, archive], folder);
  t.is(installed.status, 0, installed.stderr);
  t.deepEqual(readdirSync(join(prefix, "bin")).sort(), COMMANDS);
  const root = join(prefix, "lib/node_modules/docteur");
  const started = await command(join(prefix, "bin/docteur"), ["init", "of global"], { cwd: folder });
  t.is(started.status, 0, started.stderr);
  const starter = join(folder, "of global");
  await starterWorks(t, starter, root);

  const manifest = JSON.parse(readFileSync(join(starter, "package.json"), "utf8"));
  t.is(manifest.devDependencies.docteur, whereDocteurIs(starter, root));
  manifest.devDependencies.docteur = whereDocteurIs(starter, root, process.getuid!() + 1);
  writeFileSync(join(starter, "package.json"), JSON.stringify(manifest));
  rmSync(join(starter, "node_modules"), { recursive: true });
  rmSync(join(starter, "package-lock.json"));
  await starterWorks(t, starter, join(root, "dist/types"));
  t.false(existsSync(join(starter, "node_modules/.bin")));
});

test("a starter of a checkout depends on it, and npm makes its types", async (t) => {
  const checkout = join(folder, "linked checkout");
  copyCheckout(checkout);
  symlinkSync(join(CHECKOUT, "node_modules"), join(checkout, "node_modules"));
  symlinkSync(folder, join(folder, "by a link"));
  const started = await command(join(checkout, "scripts/docteur"), ["init", "by a link/of checkout"], {
    cwd: folder,
  });
  t.is(started.status, 0, started.stderr);
  const starter = join(folder, "of checkout");
  const types = join(checkout, "dist/types/guest/index.d.ts");
  t.false(existsSync(types));
  const installed = await npm(["install"], starter);
  t.is(installed.status, 0, installed.stderr);
  t.true(existsSync(types));
  t.is(readlinkSync(join(checkout, "node_modules")), join(CHECKOUT, "node_modules"));
  await starterWorks(t, starter, checkout);
});

test("npm installs from git what it packs", async (t) => {
  const repository = join(folder, "repository");
  copyCheckout(repository);
  const manifest = JSON.parse(readFileSync(join(repository, "package.json"), "utf8"));
  delete manifest.devDependencies; // which the registry here does not have
  writeFileSync(join(repository, "package.json"), JSON.stringify(manifest));
  await git(repository, "init", "--quiet");
  await git(repository, "add", ".");
  await git(repository, "commit", "--quiet", "--message", "All");
  const user = join(folder, "user of git");
  writeProject(user);
  const installed = await npm(["install", `git+file://${encodeURI(repository)}`], user);
  t.is(installed.status, 0, installed.stderr);
  t.deepEqual(readdirSync(join(user, "node_modules/.bin")).sort(), COMMANDS);
  t.deepEqual(
    (await npm(["run", "--silent", "docteur"], user)).stdout,
    (await docteur(["--version"])).stdout,
  );
  t.true(existsSync(join(user, "node_modules/docteur/node_modules/esbuild/bin/esbuild")));
});

test("npm pack in a checkout with nothing installed says what to do", async (t) => {
  const fresh = join(temporaryFolder(t), "docteur");
  copyCheckout(fresh);
  const { status, stderr } = await npm(["pack"], fresh);
  t.not(status, 0);
  t.regex(stderr, /^(?:npm \S+ )?docteur: not set up: [^\n]*type 'make setup' in \/[^\n]*\/docteur$/m);
  t.notRegex(stderr, /^(?:npm \S+ )?\s+at /m, "a stack trace");
  t.deepEqual(
    readdirSync(fresh).filter((name) => name.endsWith(".tgz")),
    [],
  );
});
