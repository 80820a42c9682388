import * as fs from "node:fs";
import type { BlockDevice } from "../../reader/block/device.ts";
import { openFileDevice } from "../../reader/block/file.ts";
import { openNbdDevice } from "../../reader/block/nbd.ts";
import { Channel } from "../protocol/channel.ts";
import { CHANNEL_PORT, STREAMS_PORT, TEMPLATE_ARGUMENT } from "../protocol/ports.ts";
import type { Console } from "../unikernel.ts";
import { directOutput } from "./direct-output.ts";
import { openPort } from "./port.ts";
import { powerOff } from "./power.ts";
import { SharedState } from "./resume/resume.ts";
import type { Programs } from "./run.ts";
import { serveHost } from "./serve-host.ts";
import { HostStreams } from "./streams/host-streams.ts";
import { LinuxSystem } from "./system.ts";
import { warmUp } from "./warm-up/warm-up.ts";

/** The node of the image's disk. */
const IMAGE = "/dev/vdb";

/**
 * Starts the guest: as the first process of a machine, or as a process of the host. That gets the path of the
 * image as an argument, and the descriptors of its channel and its streams; of standard output and of
 * standard error too, if it may write to them, or else nothing in their place; and of a socket to read the
 * image through, if it lies elsewhere. Any other process ends with a line on standard error.
 *
 * @param programs those that a request may name.
 */
export function start(programs: Programs): void {
  const [image, ...descriptors] = process.argv.slice(2);
  if (image !== undefined) void startOnHost(image, descriptors, programs);
  // Any other process would switch off the machine of its user.
  else if (process.pid === 1) void startInMachine(programs);
  else process.stderr.write("docteur: only `docteur run` starts this program\n");
}

/** The end of this process is the machine's end. */
async function startInMachine(programs: Programs): Promise<void> {
  const commandLine = fs.readFileSync("/proc/cmdline", "utf8");
  try {
    await serveInMachine(programs, commandLine.trim().split(/\s+/).includes(TEMPLATE_ARGUMENT));
  } catch (error) {
    // No channel is left for the message: it goes to the machine's console.
    process.stderr.write(`docteur: ${error instanceof Error ? error.message : error}\n`);
  }
  powerOff();
}

/** Serves the host of this machine. A machine that becomes a template warms up first. */
async function serveInMachine(programs: Programs, isTemplate: boolean): Promise<void> {
  const channel = new Channel(openPort(CHANNEL_PORT));
  const streams = new HostStreams(openPort(STREAMS_PORT));
  const system = new LinuxSystem();
  const state = new SharedState(system, IMAGE, isTemplate);
  if (isTemplate) {
    state.detachDisk();
    await warmUp(system, programs, (entropy, host) => {
      state.replace(entropy, host);
      state.detachDisk();
    });
  }
  await serveHost(channel, {
    openImage: (source) => openFileDevice(IMAGE, source),
    programs,
    resume: state.replace,
    streams,
  });
}

async function startOnHost(image: string, descriptors: readonly string[], programs: Programs): Promise<void> {
  const [channel, streams, stdout, stderr, disk] = descriptors.map((fd) =>
    fd === "" ? undefined : Number(fd),
  );
  const openImage = disk === undefined ? () => openFileDevice(image) : inherited(disk, image);
  const output = (host: Console) => directOutput(host, stdout, stderr);
  await serveHost(new Channel(channel!), { openImage, programs, streams: new HostStreams(streams!), output });
  process.exit();
}

/** What opens the image behind a socket, the same device each time: there is one connection. */
function inherited(fd: number, name: string): () => BlockDevice {
  let device: BlockDevice | undefined;
  return () => {
    device ??= openNbdDevice(fd, name);
    return device;
  };
}
