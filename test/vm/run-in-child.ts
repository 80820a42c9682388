import { runInVm, runOnHost } from "../../vm/commands.ts";

/**
 * Runs a program as a command line would, for tests of what becomes of the processes. Arguments: target,
 * image, program...
 */
const [target, image, program, ...args] = process.argv.slice(2) as [string, string, string, ...string[]];
const interrupted = new AbortController();
process.on("SIGTERM", () => interrupted.abort("SIGTERM"));
const { stdin, stdout, stderr } = process;
const run = target === "vm" ? runInVm : runOnHost;
process.exit(await run({ image, program, args, stdin, stdout, stderr, signal: interrupted.signal }));
