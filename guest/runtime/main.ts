import * as fs from "node:fs";
import { Channel } from "../protocol/channel.ts";
import { CHANNEL_PORT, TEMPLATE_ARGUMENT } from "../protocol/ports.ts";
import { findRequest, runByHand } from "./by-hand.ts";
import { openPort } from "./port.ts";
import { powerOff } from "./power.ts";
import { SharedState } from "./resume/resume.ts";
import { serveHost } from "./serve-host.ts";
import { LinuxSystem } from "./system.ts";
import { warmUp } from "./warm-up/warm-up.ts";

/** Where the machine has the image. */
const IMAGE = "/dev/vdb";

/** Inside the machine this is the first process, and its end is the machine's end. */
async function mainInMachine(): Promise<void> {
  const commandLine = fs.readFileSync("/proc/cmdline", "utf8");
  const request = findRequest(commandLine);
  try {
    if (request !== undefined) await runByHand(request, IMAGE);
    else await serveInMachine(commandLine.trim().split(/\s+/).includes(TEMPLATE_ARGUMENT));
  } catch (error) {
    // Nobody is left to tell but the machine's own console.
    process.stderr.write(`docteur: ${error instanceof Error ? error.message : error}\n`);
  }
  powerOff();
}

/** Serves the host of this machine. A machine that becomes a template warms up first. */
async function serveInMachine(isTemplate: boolean): Promise<void> {
  const channel = new Channel(openPort(CHANNEL_PORT));
  const system = new LinuxSystem();
  const state = new SharedState(system, IMAGE, isTemplate);
  if (isTemplate) {
    state.detachDisk();
    await warmUp(system, (entropy, host) => {
      state.replace(entropy, host);
      state.detachDisk();
    });
  }
  await serveHost(channel, IMAGE, state.replace);
}

/** On the host, the same over a socket that the parent gave: its descriptor's number, then the image. */
async function mainOnHost(fd: string, image: string): Promise<void> {
  await serveHost(new Channel(Number.parseInt(fd, 10)), image);
  process.exit();
}

// The store's reading threads start from this file too, and do not come this far: they have a beginning of their own.
const [fd, image] = process.argv.slice(2);
if (fd !== undefined && image !== undefined) void mainOnHost(fd, image);
// Nobody's machine is switched off for having this file run by hand.
else if (process.pid === 1) void mainInMachine();
else process.stderr.write("docteur: this program is for `docteur run`, which starts it\n");
