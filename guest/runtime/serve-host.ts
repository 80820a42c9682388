import type { BlockDevice } from "../../reader/block/device.ts";
import type { Channel } from "../protocol/channel.ts";
import { FrameType } from "../protocol/frame.ts";
import { decodeRequest, type RunRequest } from "../protocol/request.ts";
import { ProgramParts } from "../protocol/user-program.ts";
import type { Console } from "../unikernel.ts";
import type { Resume } from "./resume/resume.ts";
import { oneLine, type Programs } from "./run.ts";
import { startProgram } from "./start-program.ts";
import { Stdin } from "./stdin.ts";
import type { HostStreams } from "./streams/host-streams.ts";

/** The original: the process shim replaces `process.exit`. */
const exitProcess = process.exit.bind(process);

/** A frame of output has at most this many bytes. */
const PIECE_LENGTH = 256 * 1024;

/** What a guest serves. */
export interface ServeOptions {
  /** Opens the image. @param source what messages call it, if it lies elsewhere. */
  readonly openImage: (source: string | undefined) => BlockDevice;
  /** The programs that a request may name. */
  readonly programs: Programs;
  /** Runs when the host resumes this machine, before the request. Default: the guest cannot be resumed. */
  readonly resume?: Resume;
  /** The connections that the host accepts. Default: none. */
  readonly streams?: HostStreams;
  /** Makes the program's output of the one that goes to the host. Default: all goes there. */
  readonly output?: (host: Console) => Console;
}

/**
 * Serves the host at the other end of the channel: sends READY, waits for the request, runs the program and
 * sends its exit status. Returns when the host has closed its end.
 */
export async function serveHost(
  channel: Channel,
  { openImage, programs, resume, streams, output: outputOf = (host) => host }: ServeOptions,
): Promise<void> {
  channel.send(FrameType.READY);
  // Nothing else can happen before the request: these reads block.
  let first = channel.receiveSync();
  if (first?.type === FrameType.RESUME && resume !== undefined) {
    resume(first.payload, channel);
    channel.send(FrameType.RESUMED);
    first = channel.receiveSync();
  }
  const parts = new ProgramParts();
  while (first !== undefined && parts.take(first)) first = channel.receiveSync();
  if (first === undefined) return;
  const output = outputOf(channelOutput(channel));
  const request = readRequest(first.type, first.payload, output);
  if (request === undefined) {
    channel.send(FrameType.EXIT, Uint8Array.of(1));
    return;
  }
  const stdin = new Stdin(() => channel.send(FrameType.WANT));
  const open = () => openImage(request.source);
  const program = startProgram(
    request,
    parts.program,
    { openImage: open, programs, output, stdin, streams },
    {
      exit: (status) => channel.send(FrameType.EXIT, Uint8Array.of(status)),
      waitForEnd: () => waitForEnd(channel),
    },
  );
  await listen(channel, stdin, program.signal);
  program.release();
}

async function listen(channel: Channel, stdin: Stdin, stop: (signal: string) => void): Promise<void> {
  for (let frame = await channel.receive(); frame !== undefined; frame = await channel.receive()) {
    if (frame.type === FrameType.STDIN) stdin.push(frame.payload);
    else if (frame.type === FrameType.STDIN_END) stdin.end();
    else if (frame.type === FrameType.SIGNAL) stop(Buffer.from(frame.payload).toString("utf8"));
  }
}

/** Blocks until the host, which has the exit status now, ends this guest. */
function waitForEnd(channel: Channel): never {
  while (channel.receiveSync() !== undefined);
  return exitProcess();
}

function readRequest(type: number, payload: Uint8Array, output: Console): RunRequest | undefined {
  try {
    if (type === FrameType.RUN) return decodeRequest(payload);
    output.error(`docteur: a run request was expected, not a frame of type ${type}\n`);
  } catch (error) {
    output.error(`docteur: ${oneLine(error)}\n`);
  }
  return undefined;
}

function channelOutput(channel: Channel): Console {
  const send = (type: number, data: Uint8Array | string) => {
    const bytes = typeof data === "string" ? Buffer.from(data) : data;
    for (let at = 0; at < bytes.length; at += PIECE_LENGTH) {
      channel.send(type, bytes.subarray(at, at + PIECE_LENGTH));
    }
  };
  return {
    write: (data) => send(FrameType.STDOUT, data),
    error: (data) => send(FrameType.STDERR, data),
  };
}
