// Bundles something, and then writes the flags of this process's standard output and standard error.
import { readFileSync } from "node:fs";
import { bundle } from "../../vm/artifacts/esbuild.ts";

const { stdout } = process;
process.stderr.write("");
await bundle({ stdin: { contents: "1" }, write: false });
const flags = [1, 2].map((fd) => /flags:\s*(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "utf8"))![1]);
stdout.write(flags.join());
