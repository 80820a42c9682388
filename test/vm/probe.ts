import { generateKeyPairSync, randomBytes, randomFill, randomInt, randomUUID } from "node:crypto";
import * as fs from "node:fs";
import { basename } from "node:path";
import { promisify } from "node:util";
import { createContext, runInContext, runInNewContext, Script } from "node:vm";
import { Worker } from "node:worker_threads";
import { LinuxSystem } from "../../guest/runtime/system.ts";
import type { UnikernelContext } from "../../guest/unikernel.ts";

/** What a guest sees of itself. */
export interface Report {
  /** What it draws, by where from. */
  readonly random: Readonly<Record<string, string | number>>;
  /** Milliseconds between which the host gave its time, by the guest's clock, and that time. */
  readonly clock: { readonly asked: number; readonly host: number; readonly answered: number };
  /** Bytes that the kernel says the image's disk has. */
  readonly size: number;
  /** Bytes read from there on, and from far beyond. */
  readonly beyond: readonly number[];
  /** The disks that the kernel has. */
  readonly disks: readonly string[];
  readonly args: readonly string[];
}

/** Tells a test what it sees, as JSON; with an argument `status N`, ends with that status. */
export async function probe({ args, console, stdin }: UnikernelContext): Promise<number> {
  if (args[0] === "status") return Number(args[1]);
  const asked = Date.now();
  let host = 0;
  for await (const piece of stdin) host = Number(Buffer.from(piece).toString());
  const answered = Date.now();
  const size = 512 * Number(fs.readFileSync("/sys/class/block/vdb/size", "utf8"));
  const report: Report = {
    random: await draw(),
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

/** From everything that a program may take to be its own. */
async function draw(): Promise<Report["random"]> {
  const LARGE = 2 ** 47;
  return {
    urandom: read("/dev/urandom", 0, 16).toString("hex"),
    bootId: fs.readFileSync("/proc/sys/kernel/random/boot_id", "utf8"),
    atRandom: atRandom(),
    temporaryName: basename(fs.mkdtempSync("/guest/")),
    randomBytes: randomBytes(16).toString("hex"),
    randomFill: ((await promisify(randomFill)(Buffer.alloc(16))) as Buffer).toString("hex"),
    randomUUID: randomUUID(),
    randomInt: randomInt(LARGE),
    randomIntLater: await promisify<number, number>(randomInt)(LARGE),
    getRandomValues: globalThis.crypto.getRandomValues(new Uint32Array(4)).join(),
    keyPair: String(generateKeyPairSync("ed25519").publicKey.export({ format: "jwk" }).x),
    random: Math.random(),
    firstContext: runInNewContext("Math.random()"),
    secondContext: runInNewContext("Math.random()"),
    ownContext: runInContext("Math.random()", createContext()),
    scriptContext: new Script("Math.random()").runInNewContext(),
    thread: await inThread("Math.random()"),
    threadContext: await inThread("require('node:vm').runInNewContext('Math.random()')"),
    threadUUID: await inThread("require('node:crypto').randomUUID()"),
  };
}

/** The 16 random bytes of getauxval(3), `AT_RANDOM`. */
function atRandom(): string {
  const bytes = Buffer.alloc(16);
  const memory = fs.openSync("/proc/self/mem", "r");
  fs.readSync(memory, bytes, 0, bytes.length, new LinuxSystem().atRandom());
  fs.closeSync(memory);
  return bytes.toString("hex");
}

function inThread(expression: string): Promise<string | number> {
  const script = `require('node:worker_threads').parentPort.postMessage(${expression})`;
  return new Promise((resolve, reject) => {
    new Worker(script, { eval: true }).on("message", resolve).on("error", reject);
  });
}
