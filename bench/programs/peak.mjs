// Runs a command, its output thrown away, and prints the most KiB that it, or one it started, held, and how many seconds
// it took.
import { spawnSync } from "node:child_process";
import { dlopen } from "node:ffi";

/** Linux tells a parent of the largest of its children and of theirs (getrusage(2)). */
const RUSAGE_CHILDREN = -1;
/** struct rusage on a machine of 64 bits: two times of 16 bytes each come before ru_maxrss. */
const RUSAGE_LENGTH = 144;
const MAXRSS = 32;

const [file, ...args] = process.argv.slice(2);
const start = process.hrtime.bigint();
const { status, error } = spawnSync(file, args, { stdio: ["ignore", "ignore", "inherit"] });
const seconds = Number(process.hrtime.bigint() - start) / 1e9;
if (error) throw error;
const { functions } = dlopen(null, { getrusage: { return: "i32", arguments: ["i32", "pointer"] } });
const usage = Buffer.alloc(RUSAGE_LENGTH);
if (functions.getrusage(RUSAGE_CHILDREN, usage) !== 0) throw new Error("the kernel refuses getrusage");
process.stdout.write(`${usage.readBigInt64LE(MAXRSS)} ${seconds}\n`);
process.exitCode = status ?? 1;
