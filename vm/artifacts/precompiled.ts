import { pinnedNode } from "../package-root.ts";
import { runTool } from "../tools.ts";

/** V8's flags that Node starts with in the machine: it has one CPU, so nothing is done beside the program. */
export const V8_FLAGS: readonly string[] = ["--single-threaded-gc", "--no-concurrent-recompilation"];

/**
 * Those that follow when Node has loaded its own modules: V8 would not take the code of these that is in Node's binary, if it was
 * to run with other compilers than those it was made for.
 *
 * What V8's compilers make is more code for the emulator to translate. Of four tiers two remain: the interpreter, and Maglev for
 * what is called five times as often as it takes on a host; a run that prints a file does not meet it. Measured: 40 ms less of
 * such a run, and 1,500 files are read in 70 % of the time. TurboFan takes longer than it saves, and a late one keeps loops from
 * Maglev.
 */
export const TIER_FLAGS: readonly string[] = [
  "--no-sparkplug",
  "--no-turbofan",
  "--invocation-count-for-maglev=2000",
  "--invocation-count-for-maglev-osr=500",
];

/** Node's modules that every run needs, besides those that Node needs itself. */
const NODE_MODULES = ["node:crypto", "node:zlib", "node:module", "node:ffi", "node:vm"];

/** The machine's Node starts this file. */
export const START_PATH = "/guest/guest.cjs";

/** What it starts. */
const SOURCE_PATH = "/guest/source.cjs";
const CODE_PATH = "/guest/code";

/** Sets the flags, and makes a function of the text of a CommonJS file, as Node itself does. */
const COMPILE = `
const { setFlagsFromString } = process.getBuiltinModule("node:v8");
for (const flag of ${JSON.stringify(TIER_FLAGS)}) setFlagsFromString(flag);
const { Script, constants } = process.getBuiltinModule("node:vm");
const { readFileSync } = process.getBuiltinModule("node:fs");
const compile = (path, cachedData) => new Script(
  "(function (exports, require, module, __filename, __dirname) { " + readFileSync(path, "utf8") + "\\n})",
  {
    filename: "${START_PATH}",
    cachedData,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  },
);
`;

const START = `
for (const name of ${JSON.stringify(NODE_MODULES)}) process.getBuiltinModule(name);
${COMPILE}
compile("${SOURCE_PATH}", readFileSync("${CODE_PATH}")).runInThisContext()(exports, require, module, __filename, __dirname);
`;

/** Not only what runs at the start is compiled: to compile the rest when it is called takes an emulated machine longer. */
const MAKE = `${COMPILE}
setFlagsFromString("--no-lazy");
const script = compile(process.argv[1]);
setFlagsFromString("--lazy");
process.stdout.write(script.createCachedData());
`;

/** The texts that a precompiled program is made from, besides its own. */
export const RECIPE = [...V8_FLAGS, START, MAKE].join("\n");

/**
 * The guest's program for an initramfs, with the code that V8 has compiled of it: an emulated machine takes longer for that
 * than for anything else that the program does. A code that is not to V8's liking is compiled there all the same.
 *
 * @param bundle the program as one file in CommonJS.
 * @throws {DocteurError} `NO_NODE`, `TOOL_FAILED`.
 */
export async function precompiled(
  bundle: string,
  program: Uint8Array,
): Promise<{ path: string; data: Uint8Array; mode: number }[]> {
  return [
    { path: START_PATH, data: Buffer.from(START) },
    { path: SOURCE_PATH, data: program },
    { path: CODE_PATH, data: await compile(bundle) },
  ].map(({ path, data }) => ({ path: path.slice(1), data, mode: 0o644 }));
}

async function compile(bundle: string): Promise<Buffer> {
  const args = [...V8_FLAGS, "-e", MAKE, bundle];
  return Buffer.from(await runTool(pinnedNode(), args, { encoding: "latin1" }), "latin1");
}
