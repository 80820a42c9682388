// Renews what is random in this process as a machine's guest does when it resumes, and writes what it draws
// then. Argument: the entropy, in hexadecimal.
import * as fs from "node:fs";
import { createContext, runInContext, runInNewContext } from "node:vm";
import { Randomness } from "../../../../guest/runtime/resume/randomness.ts";
import { LinuxSystem } from "../../../../guest/runtime/system.ts";

/** All but the kernel's own generator, to which only root may give entropy. */
class PlainSystem extends LinuxSystem {
  override addKernelEntropy(): void {}
}

const system = new PlainSystem();
const randomness = new Randomness(system, true);
randomness.renew(Buffer.from(process.argv[2]!, "hex"));
const contexts = [
  ...Array.from({ length: 3 }, () => runInNewContext("Math.random()") as number),
  runInContext("Math.random()", createContext()) as number,
];
const memory = fs.openSync("/proc/self/mem", "r");
const bytes = Buffer.alloc(16);
fs.readSync(memory, bytes, 0, 16, system.atRandom());
process.stdout.write(JSON.stringify({ contexts, own: Math.random(), atRandom: bytes.toString("hex") }));
