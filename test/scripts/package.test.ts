import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { CHECKOUT } from "./docteur.ts";

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
    t.regex(version as string, /^(?:npm:[\w-]+@)?\d+\.\d+\.\d+$/, name);
    t.true(document.includes(`\`${name}\``), `${name} is not in docs/DEPENDENCIES.md`);
  }
});

test("a script of package.json starts no `node` of node_modules/.bin, which may be that of a package for tests", (t) => {
  for (const [name, script] of Object.entries<string>(manifest.scripts)) {
    t.regex(
      script,
      /^(?:make --no-print-directory \w+|test ! -e scripts\/prepare \|\| sh scripts\/prepare)$/,
      name,
    );
  }
});
