// The program of machines that no host process talks to. Their startup snapshot is made from this file.
import * as fs from "node:fs";
import { setFlagsFromString, startupSnapshot } from "node:v8";
import { unikernels } from "../../unikernels/index.ts";
import { prepareCode } from "./prepare-code.ts";
import { findStandalone, runStandalone } from "./standalone.ts";

/** The node of the image's disk. */
const IMAGE = "/dev/vdb";

// What it starts here ends before the snapshot is made.
void prepareCode(unikernels);
// The same program gives the same snapshot, whatever process makes it. Node sets it again when it starts.
for (const [name, value] of Object.entries({ pid: 1, execPath: "/bin/node", argv0: "node" })) {
  Object.defineProperty(process, name, { value, configurable: true, enumerable: true });
}
process.argv[0] = "/bin/node";
startupSnapshot.setDeserializeMainFunction(() => {
  // The tier between interpreter and Maglev costs a start more than it saves. On the command line the flag would make
  // V8 reject the compiled code of Node's modules.
  setFlagsFromString("--no-sparkplug");
  const args = findStandalone(fs.readFileSync("/proc/cmdline", "utf8"));
  if (args === undefined) process.stderr.write("docteur: the kernel's command line names no program\n");
  else void runStandalone(args, IMAGE, unikernels);
});
