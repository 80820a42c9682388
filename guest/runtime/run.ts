import type { BlockDevice } from "../../reader/block/device.ts";
import { createFs, type ImageFs } from "../../reader/fs/create-fs.ts";
import { printable } from "../../reader/printable.ts";
import { type ConnectOptions, connect } from "../../reader/store/connect.ts";
import type { Store } from "../../reader/store/store.ts";
import type { Port } from "../protocol/published-port.ts";
import type { RunRequest } from "../protocol/request.ts";
import type { Console, Unikernel } from "../unikernel.ts";
import type { HostStreams } from "./streams/host-streams.ts";

/** The shell's status for a command that does not exist. */
const NOT_FOUND = 127;

/** Programs by name. */
export type Programs = Readonly<Record<string, Unikernel>>;

/** What a run has besides its request. */
export interface RunContext {
  /** Opens the image. */
  readonly openImage: () => BlockDevice;
  /** The programs that a request may name. */
  readonly programs: Programs;
  readonly output: Console;
  readonly stdin: AsyncIterable<Uint8Array>;
  /** The connections that the host accepts. Default: none. */
  readonly streams?: HostStreams | undefined;
  /** Returns the program's signal. A program that calls this ends by itself when the signal is aborted. */
  takeSignal(): AbortSignal;
}

/**
 * Runs the requested program and returns its exit status. An error that the program throws is one line of
 * output.
 */
export async function run(request: RunRequest, context: RunContext): Promise<number> {
  const { programs, output } = context;
  const program = Object.hasOwn(programs, request.program) ? programs[request.program] : undefined;
  if (program === undefined) {
    const known = Object.keys(programs).join(", ");
    output.error(`docteur: no program is named ${printable(request.program)}; there are ${known}\n`);
    return NOT_FOUND;
  }
  try {
    return (await call(program, request, context)) ?? 0;
  } catch (error) {
    output.error(`${request.program}: ${oneLine(error)}\n`);
    return 1;
  }
}

/**
 * Calls a program with its context and returns its status; undefined if it returns none.
 * @throws any error that the program throws; a RangeError, if its status is none.
 */
export async function call(
  program: Unikernel,
  request: RunRequest,
  context: RunContext,
): Promise<number | undefined> {
  const { output, openImage, stdin, streams } = context;
  const open = (options?: ConnectOptions) =>
    connect(openImage(), {
      onNote: (note) => output.error(`docteur: note: ${note}\n`),
      ...options,
      ...overrides(request),
    });
  let store: Store | undefined;
  let fs: ImageFs | undefined;
  const theStore = () => {
    store ??= open();
    return store;
  };
  const status = await program({
    get store() {
      return theStore();
    },
    get fs() {
      fs ??= createFs(theStore());
      return fs;
    },
    connect: open,
    console: output,
    args: request.args,
    env: request.env,
    stdin,
    ports: portsOf(request, streams),
    ...(request.health && { health: request.health }),
    ...(request.report && streams && { report: streams.report.bind(streams) }),
    terminal: request.terminal ?? false,
    verbose: request.verbose ?? false,
    get signal() {
      return context.takeSignal();
    },
  });
  return status === undefined ? undefined : checked(status);
}

/** The ports of the request, with their connections if the host accepts them. */
function portsOf({ ports = [], streams: isCarried }: RunRequest, streams: HostStreams | undefined): Port[] {
  if (!isCarried || streams === undefined) return [...ports];
  return ports.map((port) => ({ ...port, accept: (acceptor) => streams.accept(port.port, acceptor) }));
}

/** The options of the request, which override those of the program. */
function overrides({ layout, commit, analyze }: RunRequest): ConnectOptions {
  return { ...(layout && { layout }), ...(commit && { commit }), ...(analyze && { analyze }) };
}

function checked(status: number): number {
  if (Number.isInteger(status) && status >= 0 && status <= 255) return status;
  throw new RangeError(`an exit status is a whole number from 0 to 255, not ${status}`);
}

/** The message of an error, on one line and printable. */
export function oneLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return printable(message.replace(/\s*\n\s*/g, " "));
}
