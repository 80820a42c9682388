import type { Port } from "../guest/protocol/published-port.ts";
import type { UserProgram } from "../guest/protocol/user-program.ts";
import { DocteurError } from "../reader/errors.ts";
import { printable } from "../reader/printable.ts";
import { getBundle } from "./artifacts/bundle.ts";
import { boot } from "./boot.ts";
import { type PortMapping, parseAdminAddress, parsePortMapping, printAddress } from "./front/address.ts";
import { oncePer } from "./front/once-per.ts";
import { checkImage } from "./image/file-disk.ts";
import { type ImageDisk, isImageFile, openDisk, openServedDisk } from "./image/open-disk.ts";
import { pinnedNode } from "./package-root.ts";
import type { MachineOptions } from "./prepare.ts";
import { prepareProgram } from "./program/prepare-program.ts";
import { ProgramError } from "./program/program-error.ts";
import {
  CHANNEL_FD,
  DISK_FD,
  ERRORS_FD,
  GuardedProcess,
  OUTPUT_FD,
  STREAMS_FD,
} from "./qemu/guarded-process.ts";
import type { Updates } from "./serving/serve.ts";
import { SERVER } from "./serving/server.ts";
import { Guest } from "./session/guest.ts";
import { GuestError } from "./session/guest-error.ts";
import type { Streams } from "./session/host-channel.ts";
import { endOwnOutput, type OwnOutput, ownOutput } from "./session/own-output.ts";
import { type ProgramOptions, toRequest } from "./session/to-request.ts";
import { isTerminal } from "./terminal.ts";

/** Seconds for the guest to be ready on the host. */
const START_TIMEOUT = 30;

/** Milliseconds between two lines about an image that cannot be read, while machines serve it. */
const FAULT_NOTE_MS = 10_000;

/** The status of a command that a closed pipe ended: 128 and the number of SIGPIPE. */
const BROKEN_PIPE = 141;

/** What to run, on which image, and how. */
export interface RunOptions extends MachineOptions, ProgramOptions, Streams {
  /** Seconds for the guest to be ready. Default 60. */
  readonly bootTimeout?: number | undefined;
  /** Boots even if there is a template, and leaves none. Default: starts from a template. */
  readonly cold?: boolean | undefined;
  /** Ports at which this host reaches the program, `[ADDRESS:]PORT:GUESTPORT` each. Default: none. */
  readonly publish?: readonly string[] | undefined;
  /** Machines that serve these ports at once. Default 1. */
  readonly replicas?: number | undefined;
  /** Where `/metrics` and `/healthz` are answered, `[ADDRESS:]PORT` or `unix:PATH`. Default: nowhere. */
  readonly admin?: string | undefined;
  /** The file of the access log of `serve`; `-` for standard output. Default: none. */
  readonly accessLog?: string | undefined;
  /** Lets the machines change to other images while they serve. */
  readonly updates?: Updates | undefined;
  /** Writes the machine's console, and each decision, to `stderr`. */
  readonly verbose?: boolean | undefined;
  /** Whether the types of a program of the user's own are checked. Default: true. */
  readonly check?: boolean | undefined;
  /** The type checker: TypeScript's `bin/tsc`, or the folder of the package. Default: docteur's own. */
  readonly tsc?: string | undefined;
  /** Sends the program the signal that the reason names (default SIGTERM). */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs a program in a machine of its own; with ports, in as many as serve at once.
 *
 * @returns its exit status; 141 if its output is closed.
 * @throws {DocteurError} those of `boot`, `prepareProgram`, `Guest.run` and `serve`. With a `GuestError`, the
 * last lines of the console are on `stderr`.
 */
export async function runInVm(options: RunOptions): Promise<number> {
  const { stderr } = options;
  // Even if stderr is no terminal: a first run takes up to a minute, and a log should say why.
  const note = (line: string) => void stderr.write(`docteur: ${printable(line)}\n`);
  const detail = options.verbose ? note : undefined;
  const consoleStream = options.verbose ? stderr : undefined;
  const start = (image: string | ImageDisk, signal: AbortSignal) => {
    const bootOptions = { ...options, note, detail, console: consoleStream, signal };
    return typeof image === "string"
      ? boot({ ...bootOptions, image })
      : boot({ ...bootOptions, image: image.name }, image);
  };
  return explained(options, () => {
    if ((options.publish ?? []).length === 0) return runOne(options, start);
    return servePorts(options, note, start, (image) => openDisk(image, { ...options, detail }));
  });
}

/** Runs the same program, from the same bundle, as a process on the host. */
export async function runOnHost(options: RunOptions): Promise<number> {
  const note = (line: string) => void options.stderr.write(`docteur: ${printable(line)}\n`);
  const consoleStream = options.verbose ? options.stderr : undefined;
  const detail = options.verbose ? note : undefined;
  const open = (image: string, signal = options.signal) =>
    openServedDisk(image, { ...options, signal, detail });
  const start = async (image: string | ImageDisk, signal: AbortSignal, own: Partial<OwnOutput> = {}) => {
    const isOwned = typeof image === "string" && !isImageFile(image);
    const disk: ImageDisk =
      typeof image !== "string" ? image : await (isOwned ? open(image, signal) : checkImage(image));
    try {
      // What the program says of a damaged image that lies elsewhere has consequences: this process reads it.
      const output = disk.serve === undefined ? own : { stdout: own.stdout };
      const fds = [CHANNEL_FD, STREAMS_FD, output.stdout && OUTPUT_FD, output.stderr && ERRORS_FD];
      if (disk.serve !== undefined) fds.push(DISK_FD);
      const args = [await getBundle(), disk.name, ...fds.map((fd) => String(fd ?? ""))];
      const childOptions = { killsGroup: true, output, disk: disk.serve !== undefined };
      const process = new GuardedProcess(pinnedNode(), args, consoleStream, childOptions);
      const reads = disk.serve?.(process.disk!);
      const guest = await Guest.start(process, {
        what: "the process",
        seconds: START_TIMEOUT,
        signal,
        reads,
      });
      if (isOwned) guest.own(disk as ImageDisk & AsyncDisposable);
      return guest;
    } catch (error) {
      if (isOwned) await disk[Symbol.asyncDispose]?.();
      throw error;
    }
  };
  return explained(options, async () => {
    if (options.program === SERVER && (options.publish ?? []).length > 0) {
      return servePorts(options, note, start, open);
    }
    const ports = (options.publish ?? []).map((text) => hostPort(parsePortMapping(text)));
    // What this process writes meanwhile must not block: the access log of servers, the console with `-v`.
    if (options.verbose) return runOne(options, start, ports);
    const startOne = (image: string, signal: AbortSignal) => start(image, signal, ownOutput(options));
    try {
      return await runOne(options, startOne, ports);
    } finally {
      endOwnOutput();
    }
  });
}

/** Starts a machine and prepares the program at the same time, and runs it. */
async function runOne(
  options: RunOptions,
  start: (image: string, signal: AbortSignal) => Promise<Guest>,
  ports: readonly Port[] = [],
): Promise<number> {
  const request = { ...toRequest(options), terminal: isTerminal(options.stdout), ports };
  const [guest, program] = await startBoth(options, (signal) => start(options.image, signal));
  return guest.run(request, options, options.signal, program);
}

/** Has machines serve the ports of this host. */
async function servePorts(
  options: RunOptions,
  note: (line: string) => void,
  start: (image: string | ImageDisk, signal: AbortSignal) => Promise<Guest>,
  open: (image: string) => Promise<ImageDisk>,
): Promise<number> {
  const { image, replicas, commit, updates, accessLog, signal } = options;
  const admin = options.admin === undefined ? undefined : parseAdminAddress(options.admin);
  const request = { ...toRequest(options), terminal: isTerminal(options.stdout) };
  const mappings = (options.publish ?? []).map(parsePortMapping);
  const about = { replicas, commit, updates, admin, accessLog, signal };
  // A source that fails, fails for each block that is read.
  const onFault = oncePer(FAULT_NOTE_MS, (_count, line: string) => note(line));
  const openDisk = async (image: string) => {
    const disk = await open(image);
    disk.onFault = onFault;
    return disk;
  };
  const serving = { ...about, image, mappings, streams: options, note, start, openDisk };
  // Imported here: node:http takes a moment to load, and other programs do not need it.
  const { serve } = await import("./serving/serve.ts");
  return serve(serving, request, prepareProgram(options));
}

/** Writes to standard error what a failure says beyond its message. */
async function explained(options: RunOptions, run: () => Promise<number>): Promise<number> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof ProgramError) {
      options.stderr.write(error.diagnostics.map((line) => `${printable(line)}\n`).join(""));
    }
    if (error instanceof DocteurError && error.code === "OUTPUT_CLOSED") return BROKEN_PIPE;
    if (error instanceof GuestError && options.verbose !== true) {
      options.stderr.write(error.console.map((line) => `| ${printable(line)}\n`).join(""));
    }
    throw error;
  }
}

/** Where a program listens that runs on the host: at the host's own port. @throws {DocteurError} */
function hostPort({ address }: PortMapping): Port {
  if (address.kind === "tcp") return { address: address.host, port: address.port };
  throw new DocteurError(
    "PUBLISH_FAILED",
    `${printAddress(address)}: with -t unix, a program of your own listens itself, at [ADDRESS:]PORT`,
  );
}

/**
 * Starts the guest and prepares the program at the same time. The first failure ends the other, and is
 * thrown.
 */
async function startBoth(
  options: RunOptions,
  start: (signal: AbortSignal) => Promise<Guest>,
): Promise<[guest: Guest, program: UserProgram | undefined]> {
  const failed = new AbortController();
  const signal = AbortSignal.any([failed.signal, ...(options.signal ? [options.signal] : [])]);
  const fail = (error: unknown): never => {
    failed.abort(error);
    throw error;
  };
  const [guest, program] = await Promise.allSettled([
    start(signal).catch(fail),
    prepareProgram({ ...options, signal }).catch(fail),
  ]);
  if (guest.status === "fulfilled" && program.status === "fulfilled") return [guest.value, program.value];
  if (guest.status === "fulfilled") await guest.value[Symbol.asyncDispose]();
  throw failed.signal.reason;
}
