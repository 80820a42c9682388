import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import test from "ava";
import { checkTypes } from "../../../vm/program/check-types.ts";
import type { ProgramError } from "../../../vm/program/program-error.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import { useOwnCache } from "../cache-sandbox.ts";

const cache = useOwnCache(test);

/** The faults, with paths relative to `folder`. */
async function faults(folder: string, name: string, tsc?: string): Promise<string[]> {
  try {
    await checkTypes(join(folder, name), { tsc });
    return [];
  } catch (error) {
    return (error as ProgramError).diagnostics.map((line) =>
      line.replace(`${relative(process.cwd(), folder)}/`, ""),
    );
  }
}

const cachedChecks = () => readdirSync(cache).filter((name) => name.startsWith("checked-"));

test.serial(
  "a project's tsconfig.json counts, and a program that passes is cached until it changes",
  async (t) => {
    const folder = temporaryFolder(t);
    mkdirSync(join(folder, "deep"));
    const name = "deep/program.ts";
    writeFileSync(
      join(folder, name),
      'import type { Store } from "docteur/store";\nexport default (store: Store) => store.size("/")[0];\n',
    );
    t.deepEqual(await faults(folder, name), [
      "deep/program.ts:2:34: error TS7053: Element implicitly has an 'any' type because expression of type '0' can't be used to index type 'Number'.",
      "  Property '0' does not exist on type 'Number'.",
    ]);
    t.deepEqual(cachedChecks(), []);
    const config = join(folder, "tsconfig.json");
    const base = { module: "preserve", target: "es2022", composite: true, outDir: "out" };
    writeFileSync(config, JSON.stringify({ compilerOptions: { ...base, strict: false } }));
    for (const _ of ["checked", "cached"]) {
      t.deepEqual(await faults(folder, name), []);
      t.is(cachedChecks().length, 1);
    }
    writeFileSync(config, JSON.stringify({ compilerOptions: { ...base, strict: true } }));
    t.is((await faults(folder, name)).length, 2, "the tsconfig.json changed");
    t.deepEqual(readdirSync(folder).sort(), ["deep", "tsconfig.json"], "nothing is written there");
  },
);

test.serial("the files that a program imports are checked, and again when one is removed", async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, "a.ts"), "export const a = 1;\n");
  writeFileSync(join(folder, "program.ts"), 'import { a } from "./a.ts";\nexport default (): number => a;\n');
  t.deepEqual(await faults(folder, "program.ts"), []);
  writeFileSync(join(folder, "a.ts"), 'export const a: number = "1";\n');
  t.deepEqual(await faults(folder, "program.ts"), [
    "a.ts:1:14: error TS2322: Type 'string' is not assignable to type 'number'.",
  ]);
  rmSync(join(folder, "a.ts"));
  t.regex(
    (await faults(folder, "program.ts")).join(),
    /^program\.ts:1:19: error TS2307: Cannot find module '\.\/a\.ts'/,
  );
});

test.serial("JavaScript is not checked", async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, "program.mjs"), "// @ts-check\nexport default 1 + undefined.x;\n");
  t.deepEqual(await faults(folder, "program.mjs"), []);
});

test.serial("a check that a signal ends leaves nothing behind", async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, "program.ts"), "export default 1;\n");
  await t.throwsAsync(checkTypes(join(folder, "program.ts"), { signal: AbortSignal.abort("SIGTERM") }), {
    code: "ABORTED",
  });
  t.deepEqual(
    readdirSync(cache).filter((each) => each.startsWith("tmp-")),
    [],
  );
});

test.serial("the compiler of the project is run only if the user names it", async (t) => {
  const folder = temporaryFolder(t);
  const own = join(folder, "node_modules/typescript");
  mkdirSync(join(own, "bin"), { recursive: true });
  writeFileSync(join(own, "package.json"), '{"name": "typescript", "version": "0.0.1"}');
  writeFileSync(
    join(own, "bin/tsc"),
    'console.log("program.ts(1,2): error TS1: its own word"); process.exitCode = 1;\n',
  );
  writeFileSync(
    join(folder, "tsc.sh"),
    "#!/bin/sh\necho 'program.ts(1,2): error TS1: by a shell script'; exit 1\n",
    {
      mode: 0o755,
    },
  );
  writeFileSync(join(folder, "program.ts"), "export default 1;\n");
  t.deepEqual(await faults(folder, "program.ts"), []);
  for (const tsc of [own, join(own, "bin/tsc")]) {
    t.deepEqual(await faults(folder, "program.ts", tsc), ["program.ts:1:2: error TS1: its own word"]);
  }
  t.deepEqual(await faults(folder, "program.ts", join(folder, "tsc.sh")), [
    "program.ts:1:2: error TS1: by a shell script",
  ]);
  for (const tsc of [join(folder, "nope"), folder]) {
    await t.throwsAsync(checkTypes(join(folder, "program.ts"), { tsc }), {
      code: "TSC_NOT_FOUND",
      message: /--tsc/,
    });
  }
});

test.serial("a tsconfig.json runs nothing and has nothing written", async (t) => {
  const folder = temporaryFolder(t);
  const mark = `require("node:fs").writeFileSync(${JSON.stringify(join(folder, "RAN"))}, "");`;
  mkdirSync(join(folder, "node_modules/plugin"), { recursive: true });
  writeFileSync(join(folder, "node_modules/plugin/index.js"), `${mark} module.exports = () => ({});`);
  const compilerOptions = {
    plugins: [{ name: "plugin", transform: "plugin" }],
    generateTrace: join(folder, "trace"),
    generateCpuProfile: join(folder, "profile"),
    outDir: join(folder, "out"),
    declarationDir: join(folder, "declarations"),
    declarationMap: true,
    isolatedDeclarations: true,
    tsBuildInfoFile: join(folder, "info"),
    noEmit: false,
    composite: true,
    traceResolution: true,
    explainFiles: true,
    extendedDiagnostics: true,
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions }));
  writeFileSync(join(folder, "program.ts"), "export default 1;\n");
  t.deepEqual(await faults(folder, "program.ts"), []);
  t.deepEqual(readdirSync(folder).sort(), ["node_modules", "program.ts", "tsconfig.json"]);
});
