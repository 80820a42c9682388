import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { CHECKOUT, command, docteur, FIXTURES, temporaryFolder } from "./docteur.ts";

const LIBRARY_USER = `
import { connect, createFs, NotFoundError, openFileDevice } from "docteur/store";
const store = connect(openFileDevice(IMAGE), { layout: "fast", threads: 2 });
const paths: Uint8Array[] = [...store.prefix("")].map(({ path }) => path);
let values = 0;
for await (const { value } of store.getAll(paths)) if (value instanceof Uint8Array) values++;
const files = createFs(store).readdirSync("/", { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
try {
  store.get("/nope");
} catch (error) {
  if (!(error instanceof NotFoundError)) throw error;
  console.log(\`\${values} values, \${files.length} files, a missing one is \${error.code}\`);
}
store.close();
`;

const WRONG_PROGRAM = `import type { Unikernel } from "docteur/guest";
export default (async ({ store }) => store.describe("/", {
  follow: true,
}).size) satisfies Unikernel;
`;

interface LockEntry {
  readonly version: string;
  readonly resolved?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const manifest = JSON.parse(readFileSync(join(CHECKOUT, "package.json"), "utf8"));
const lock: { packages: Record<string, LockEntry> } = JSON.parse(
  readFileSync(join(CHECKOUT, "package-lock.json"), "utf8"),
);

test("the lock file names no registry", (t) => {
  const named = Object.entries(lock.packages).filter(([, { resolved }]) => resolved !== undefined);
  t.deepEqual(named, []);
});

test("the lock file is complete, or npm ci refuses it: every optional package has its entry", (t) => {
  for (const [path, { optionalDependencies = {} }] of Object.entries(lock.packages)) {
    for (const name of Object.keys(optionalDependencies)) {
      t.true(
        [`node_modules/${name}`, `${path}/node_modules/${name}`].some((entry) => entry in lock.packages),
        name,
      );
    }
  }
});

test("every dependency is pinned and told of in docs/DEPENDENCIES.md", (t) => {
  const document = readFileSync(join(CHECKOUT, "docs/DEPENDENCIES.md"), "utf8");
  for (const [name, version] of Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })) {
    t.regex(version as string, /^\d+\.\d+\.\d+$/, name);
    t.true(document.includes(`\`${name}\``), `${name} is not in docs/DEPENDENCIES.md`);
  }
});

test("what npm packs works where it is installed", async (t) => {
  const folder = temporaryFolder(t, "docteur test ");
  const npm = (...args: string[]) =>
    command("npm", args, { cwd: CHECKOUT, env: { npm_config_loglevel: "error" } });
  const packed = await npm("pack", "--pack-destination", folder);
  t.is(packed.status, 0, packed.stderr);

  // As npm lays it out, with the dependencies hoisted; they come from this checkout, so that no registry is needed.
  const modules = join(folder, "node_modules");
  mkdirSync(join(modules, ".bin"), { recursive: true });
  for (const name of readdirSync(join(CHECKOUT, "node_modules"))) {
    if (!name.startsWith(".")) symlinkSync(join(CHECKOUT, "node_modules", name), join(modules, name));
  }
  mkdirSync(join(modules, "docteur"));
  const [archive] = readdirSync(folder).filter((name) => name.endsWith(".tgz"));
  const unpacked = await command("tar", [
    "-xzf",
    join(folder, archive!),
    "--strip-components=1",
    "-C",
    join(modules, "docteur"),
  ]);
  t.is(unpacked.status, 0, unpacked.stderr);
  for (const name of ["docteur", "docteur.make", "docteur.verify"]) {
    symlinkSync(`../docteur/scripts/${name}`, join(modules, ".bin", name));
  }
  const installed = (name: string, ...args: string[]) =>
    command(join(modules, ".bin", name), args, { cwd: folder });

  t.deepEqual(await installed("docteur", "--version"), await docteur(["--version"]));
  t.deepEqual(await installed("docteur", "run", "--help"), await docteur(["run", "--help"]));
  const image = join(FIXTURES, "similar.img");
  t.deepEqual(await installed("docteur.verify", image), await docteur(["verify", image]));
  t.deepEqual(
    await installed("docteur", "run", "-t", "unix", image, "ls", "-l", "-R", "/"),
    await docteur(["run", "-t", "unix", image, "ls", "-l", "-R", "/"]),
  );
  const date = "2020-10-10T08:00:00+00:00";
  const made = await installed("docteur.make", "-d", date, join(FIXTURES, "stores/small"), "disk.img");
  t.is(made.status, 0, made.stderr);

  // The library: its types check, and it reads, threads and all, under the Node of whoever imports it.
  writeFileSync(join(folder, "read.mts"), LIBRARY_USER.replace("IMAGE", JSON.stringify(image)));
  const typescript = join(modules, "typescript", "bin", "tsc");
  const flags = [
    "--module",
    "nodenext",
    "--target",
    "es2022",
    "--strict",
    "--types",
    "node",
    "--outDir",
    ".",
  ];
  const compiled = await command(process.execPath, [typescript, ...flags, "read.mts"], { cwd: folder });
  t.is(compiled.status, 0, String(compiled.stdout));
  const read = await command("node", ["read.mjs"], { cwd: folder });
  t.is(String(read.stdout), "246 values, 246 files, a missing one is NOT_FOUND\n", read.stderr);

  // A project of the user's own, beside the package: checked by its own tsconfig.json, alone and by `run`.
  const started = await installed("docteur", "init", "own");
  t.is(started.status, 0, started.stderr);
  const { devDependencies } = JSON.parse(readFileSync(join(folder, "own", "package.json"), "utf8"));
  t.deepEqual(devDependencies, { docteur: manifest.version });
  const checked = await command(process.execPath, [typescript, "-p", "own"], { cwd: folder });
  t.is(checked.status, 0, String(checked.stdout));
  t.deepEqual(
    await installed("docteur", "run", "-t", "unix", image, "own/main.ts"),
    await docteur(["run", "-t", "unix", image, "scripts/starter/main.ts"], { cwd: CHECKOUT }),
  );
  writeFileSync(join(folder, "own", "wrong.ts"), WRONG_PROGRAM);
  const wrong = await installed("docteur", "run", "-t", "unix", image, "own/wrong.ts");
  t.regex(wrong.stderr, /^own\/wrong\.ts:2:\d+: error TS2345: /);
  t.is(wrong.status, 1);

  t.deepEqual(readdirSync(join(modules, "docteur")).sort(), [
    "CHANGELOG.md",
    "LICENSE",
    "README.md",
    "dist",
    "docs",
    "package.json",
    "scripts",
    "vm",
  ]);
});
