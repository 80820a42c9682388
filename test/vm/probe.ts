import { randomBytes, randomUUID } from "node:crypto";
import * as fs from "node:fs";
import { Worker } from "node:worker_threads";
import type { UnikernelContext } from "../../guest/unikernel.ts";
import { unikernels } from "../../guest/unikernels/index.ts";

/** What a guest tells of itself. */
export interface Report {
  readonly urandom: string;
  readonly randomBytes: string;
  readonly randomUUID: string;
  readonly random: number;
  readonly randomInThread: number;
  /** Milliseconds between which the host gave its time, by the guest's clock, and that time. */
  readonly clock: { readonly asked: number; readonly host: number; readonly answered: number };
  /** Bytes that the kernel says the image's disk has. */
  readonly size: number;
  /** Bytes read from there on, and from far beyond. */
  readonly beyond: readonly number[];
  /** Files of the kernel's that tell of a time before this run. */
  readonly disks: readonly string[];
  readonly args: readonly string[];
}

/** Tells a test what it sees, as JSON; with an argument `status N`, ends with that status. */
async function probe({ args, console, stdin }: UnikernelContext): Promise<number> {
  if (args[0] === "status") return Number(args[1]);
  const asked = Date.now();
  let host = 0;
  for await (const piece of stdin) host = Number(Buffer.from(piece).toString());
  const answered = Date.now();
  const size = 512 * Number(fs.readFileSync("/sys/class/block/vdb/size", "utf8"));
  const report: Report = {
    urandom: read("/dev/urandom", 0, 16).toString("hex"),
    randomBytes: randomBytes(16).toString("hex"),
    randomUUID: randomUUID(),
    random: Math.random(),
    randomInThread: await randomInThread(),
    clock: { asked, host, answered },
    size,
    beyond: [size, size + 1024 * 1024].map((position) => read("/dev/vdb", position, 512).length),
    disks: fs.readdirSync("/sys/class/block").sort(),
    args,
  };
  console.write(JSON.stringify(report));
  return 0;
}

function read(path: string, position: number, length: number): Buffer {
  const fd = fs.openSync(path, "r");
  const bytes = Buffer.alloc(length);
  const count = fs.readSync(fd, bytes, 0, length, path === "/dev/urandom" ? null : position);
  fs.closeSync(fd);
  return bytes.subarray(0, count);
}

function randomInThread(): Promise<number> {
  const script = "require('node:worker_threads').parentPort.postMessage(Math.random())";
  return new Promise((resolve, reject) => {
    new Worker(script, { eval: true }).on("message", resolve).on("error", reject);
  });
}

(unikernels as Record<string, typeof probe>).probe = probe;
