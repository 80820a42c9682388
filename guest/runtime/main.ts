import * as fs from "node:fs";
import { isMainThread } from "node:worker_threads";
import { findRequest, runByHand } from "./by-hand.ts";
import { Channel } from "./channel.ts";
import { openPort } from "./port.ts";
import { CHANNEL_PORT } from "./ports.ts";
import { powerOff } from "./power.ts";
import { serveHost } from "./serve-host.ts";

/** Where the machine has the image. */
const IMAGE = "/dev/vdb";

/** Inside the machine this is the first process, and its end is the machine's end. */
async function mainInMachine(): Promise<void> {
  const request = findRequest(fs.readFileSync("/proc/cmdline", "utf8"));
  try {
    if (request === undefined) await serveHost(new Channel(openPort(CHANNEL_PORT)), IMAGE);
    else await runByHand(request, IMAGE);
  } catch (error) {
    // Nobody is left to tell but the machine's own console.
    process.stderr.write(`docteur: ${error instanceof Error ? error.message : error}\n`);
  }
  powerOff();
}

/** On the host, the same over a socket that the parent gave: its descriptor's number, then the image. */
async function mainOnHost(fd: string, image: string): Promise<void> {
  await serveHost(new Channel(Number.parseInt(fd, 10)), image);
  process.exit();
}

const [fd, image] = process.argv.slice(2);
// The store's reading threads start from this file too, and have a beginning of their own.
if (isMainThread) {
  if (fd !== undefined && image !== undefined) void mainOnHost(fd, image);
  // Nobody's machine is switched off for having this file run by hand.
  else if (process.pid === 1) void mainInMachine();
  else process.stderr.write("docteur: this program is for `docteur run`, which starts it\n");
}
