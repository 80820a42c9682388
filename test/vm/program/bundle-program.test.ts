import { mkdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import test, { type ExecutionContext } from "ava";
import { load } from "../../../guest/runtime/user/load.ts";
import { bundleProgram } from "../../../vm/program/bundle-program.ts";
import { isProgramFile } from "../../../vm/program/is-program-file.ts";
import { temporaryFolder } from "../../temporary-folder.ts";

/** A folder with files by their paths. */
function project(t: ExecutionContext, files: Readonly<Record<string, string>>): string {
  const folder = temporaryFolder(t);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(folder, path, ".."), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return folder;
}

let loaded = 0;

/** Bundles a program and evaluates it as a guest does. */
async function evaluate(folder: string, name: string): Promise<Record<string, unknown>> {
  const { code } = await bundleProgram(join(folder, name));
  return load(Buffer.from(code).toString(), `file:///docteur/test-${loaded++}.mjs`);
}

test("the name of a file differs from that of a program that ships with docteur", (t) => {
  for (const file of ["./a", "../a", "/a/b", "a.ts", "a.mts", "a.cts", "a.js", "a.mjs", "a.cjs"]) {
    t.true(isProgramFile(file), file);
  }
  for (const name of ["cat", "ls", "serve", "a.tsx.d", "ts"]) t.false(isProgramFile(name), name);
});

test.serial(
  "packages of either module format and JSON are bundled, and have the variables that they expect",
  async (t) => {
    const folder = project(t, {
      "node_modules/common/package.json": '{"main": "index.js"}',
      "node_modules/common/index.js":
        'const { basename } = require("path"); exports.folder = basename(__dirname); exports.file = __filename;',
      "node_modules/modern/package.json": '{"exports": "./index.mjs"}',
      "node_modules/modern/index.mjs":
        'export const awaited = await Promise.resolve("awaited"); export default import.meta.url;',
      "data.json": '{"answer": 42}',
      "program.ts": `
import common, { folder } from "common";
import url, { awaited } from "modern";
import data from "./data.json";
import { createRequire } from "node:module";
const require = createRequire(import.meta.url);
enum Kind { First = 1 }
export default [folder, common.file, awaited, url, data.answer, require("node:os").EOL, Kind.First];
`,
    });
    const { default: found } = await evaluate(folder, "program.ts");
    const [path, file, awaited, url, ...rest] = found as [string, string, string, string, ...unknown[]];
    t.deepEqual([path, awaited, ...rest], ["docteur", "awaited", 42, "\n", 1]);
    t.is(pathToFileURL(file).href, url);
  },
);

test.serial("docteur/store is the very module that the guest has", async (t) => {
  const folder = project(t, {
    "program.ts": 'export { NotFoundError } from "docteur/store";',
    "program.cjs": 'exports.default = require("docteur/store").NotFoundError;',
  });
  const { NotFoundError } = await import("../../../reader/store/errors.ts");
  t.is((await evaluate(folder, "program.ts")).NotFoundError, NotFoundError);
  const { default: common } = await evaluate(folder, "program.cjs");
  t.deepEqual(common, { default: NotFoundError });
});

test.serial(
  "a native addon is refused: before the run where it is imported, in the run where it may be done without",
  async (t) => {
    const folder = project(t, {
      "node_modules/addon/package.json": '{"main": "index.js"}',
      "node_modules/addon/index.js": 'module.exports = require("./build/addon.node");',
      "node_modules/careful/index.js":
        'try { exports.fast = require("addon"); } catch (error) { exports.why = error.message; }',
      "node_modules/bindings/index.js": 'throw new Error("never read");',
      "node_modules/@scope/finder/package.json": '{"main": "index.js"}',
      "node_modules/@scope/finder/index.js": 'exports.start = () => require("bindings")("finder");',
      "imports.mjs": '\nimport addon from "./addon.node";\nexport default addon;',
      "careful.mjs": 'import { why } from "careful"; export default why;',
      "finder.mjs": 'import finder from "@scope/finder"; export default finder.start;',
    });
    const reason = "native addons cannot be loaded: a program is JavaScript alone, in one file";
    await t
      .throwsAsync(bundleProgram(join(folder, "imports.mjs")), {
        code: "PROGRAM_INVALID",
        message: /imports\.mjs cannot be run: 1 error in it or in what it imports$/,
      })
      .then((error) => {
        const location = relative(process.cwd(), join(folder, "imports.mjs"));
        t.like(error, { diagnostics: [`${location}:2:19: "./addon.node": ${reason}`] });
      });
    const addon = relative(process.cwd(), join(folder, "node_modules/addon/index.js"));
    t.is((await evaluate(folder, "careful.mjs")).default, `./build/addon.node (of ${addon}): ${reason}`);
    const { default: start } = await evaluate(folder, "finder.mjs");
    t.throws(start as () => void, { message: `@scope/finder has a native addon: ${reason}` });
  },
);

test.serial("a program that cannot be bundled fails with the locations of its errors", async (t) => {
  const folder = project(t, {
    "program.ts": 'import a from "./a.ts";\nimport vm from "docteur/vm";\nexport default [a, vm];\n',
    "a.ts": 'import left from "left-pad";\nexport default left;\n',
  });
  const location = (name: string) => relative(process.cwd(), join(folder, name));
  const error = await t.throwsAsync(bundleProgram(join(folder, "program.ts")), { code: "PROGRAM_INVALID" });
  t.like(error, {
    diagnostics: [
      `${location("a.ts")}:1:18: Could not resolve "left-pad"`,
      `${location("program.ts")}:2:16: "docteur/vm" is not in the machine; it has docteur/guest and docteur/store`,
    ],
  });
});
