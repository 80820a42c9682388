import { pinnedNode } from "../package-root.ts";
import { PLAIN_NODE, runTool } from "../tools.ts";

/** V8's flags at the start of Node in the machine, which has one CPU: V8 does no work in other threads. */
export const V8_FLAGS: readonly string[] = ["--single-threaded-gc", "--no-concurrent-recompilation"];

/**
 * V8's flags that are set once Node has loaded its own modules. Set earlier, they would make V8 reject the
 * compiled code of these modules in Node's binary.
 *
 * The emulator must translate all code that V8's compilers make. Of four tiers two remain: the interpreter,
 * and Maglev for functions that are called five times as often as on a host; a run that prints a file has
 * none. Measured: such a run takes 40 ms less, and 1,500 files are read in 70 % of the time. TurboFan takes
 * longer than it saves, and a late TurboFan keeps loops from Maglev.
 */
export const TIER_FLAGS: readonly string[] = [
  "--no-sparkplug",
  "--no-turbofan",
  "--invocation-count-for-maglev=2000",
  "--invocation-count-for-maglev-osr=500",
];

/** Node's modules that every run needs and that Node does not load by itself. */
const NODE_MODULES = ["node:crypto", "node:zlib", "node:module", "node:ffi", "node:vm"];

/** The machine's Node starts with this file. */
export const START_PATH = "/guest/guest.cjs";

/** The guest's program, which that file starts. */
const SOURCE_PATH = "/guest/source.cjs";
const CODE_PATH = "/guest/code";

/** Sets the flags, and compiles a CommonJS file to a function, as Node does. */
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

/**
 * Compiles all functions, not only those of the start: an emulated machine takes long to compile a function.
 */
const MAKE = `${COMPILE}
setFlagsFromString("--no-lazy");
const script = compile(process.argv[1]);
setFlagsFromString("--lazy");
process.stdout.write(script.createCachedData());
`;

/** All that a precompiled program is made from, besides the program. */
export const RECIPE = [...V8_FLAGS, START, MAKE].join("\n");

/**
 * Returns the guest's program for an initramfs, with its code compiled by V8: an emulated machine takes
 * longer to compile it than to run it. If V8 in the machine rejects the compiled code, it compiles the
 * program again.
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
  // V8 rejects what was compiled with other flags, such as those of NODE_OPTIONS.
  const args = [...V8_FLAGS, "-e", MAKE, bundle];
  return Buffer.from(await runTool(pinnedNode(), args, { encoding: "latin1", env: PLAIN_NODE }), "latin1");
}
