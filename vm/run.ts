import type { UserProgram } from "../guest/protocol/user-program.ts";
import { DocteurError } from "../reader/errors.ts";
import { printable } from "../reader/printable.ts";
import { getBundle } from "./artifacts/bundle.ts";
import { boot } from "./boot.ts";
import { pinnedNode } from "./package-root.ts";
import type { MachineOptions } from "./prepare.ts";
import { prepareProgram } from "./program/prepare-program.ts";
import { ProgramError } from "./program/program-error.ts";
import { CHANNEL_FD, GuardedProcess } from "./qemu/guarded-process.ts";
import { checkImage } from "./qemu/image.ts";
import { hostPorts, parsePortMapping } from "./qemu/port-mapping.ts";
import { Guest } from "./session/guest.ts";
import { GuestError } from "./session/guest-error.ts";
import type { Streams } from "./session/host-channel.ts";
import { type ProgramOptions, toRequest } from "./session/to-request.ts";
import { isTerminal } from "./terminal.ts";

/** Seconds for the guest to be ready on the host. */
const START_TIMEOUT = 30;

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
 * Runs a program in a machine of its own.
 *
 * @returns its exit status; 141 if its output is closed.
 * @throws {DocteurError} those of `boot`, `prepareProgram` and `Guest.run`. With a `GuestError`, the last
 * lines of the console are on `stderr`.
 */
export async function runInVm(options: RunOptions): Promise<number> {
  const request = { ...toRequest(options), terminal: isTerminal(options.stdout) };
  // Even if stderr is no terminal: a first run takes up to a minute, and a log should say why.
  const note = (line: string) => void options.stderr.write(`docteur: ${printable(line)}\n`);
  const detail = options.verbose ? note : undefined;
  const consoleStream = options.verbose ? options.stderr : undefined;
  const start = (signal: AbortSignal) => boot({ ...options, note, detail, console: consoleStream, signal });
  return finish(options, start, request);
}

/** Runs the same program, from the same bundle, as a process on the host. */
export async function runOnHost(options: RunOptions): Promise<number> {
  const mappings = (options.publish ?? []).map(parsePortMapping);
  const request = {
    ...toRequest(options),
    terminal: isTerminal(options.stdout),
    ports: hostPorts(mappings),
  };
  const image = await checkImage(options.image);
  const args = [await getBundle(), String(CHANNEL_FD), image.path];
  const consoleStream = options.verbose ? options.stderr : undefined;
  const start = (signal: AbortSignal) =>
    Guest.start(new GuardedProcess(pinnedNode(), args, consoleStream, { killsGroup: true }), {
      what: "the process",
      seconds: START_TIMEOUT,
      signal,
    });
  return finish(options, start, request);
}

async function finish(
  options: RunOptions,
  start: (signal: AbortSignal) => Promise<Guest>,
  request: ReturnType<typeof toRequest>,
): Promise<number> {
  try {
    const [guest, program] = await startBoth(options, start);
    return await guest.run({ ports: guest.ports, ...request }, options, options.signal, program);
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
