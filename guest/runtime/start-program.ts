import type { RunRequest } from "../protocol/request.ts";
import { signalStatus } from "../protocol/signal-status.ts";
import type { UserProgram } from "../protocol/user-program.ts";
import { oneLine, type RunContext, run } from "./run.ts";
import { Stop } from "./stop.ts";
import { showClientAddresses } from "./streams/forward.ts";
import { PROGRAM_URL } from "./user/load.ts";
import { shimProcess } from "./user/process-shim.ts";
import { describeError, runUserProgram } from "./user/run-user-program.ts";
import { mapStacks } from "./user/stack.ts";

/** The status of a program that SIGTERM ended. */
const TERMINATED = 143;

/** What a run needs besides its request and its signal. */
export type StartContext = Omit<RunContext, "takeSignal">;

/** What follows the program. */
export interface Ending {
  /** Takes the exit status. Nothing that the program writes later counts. */
  exit(status: number): void;
  /** Blocks for ever: the program has called `process.exit`, which must not return. */
  waitForEnd(): never;
  /** The file of this program, which is left out of stacks. Default: that which Node has started with. */
  readonly runtime?: string;
}

/** A program that runs. */
export interface StartedProgram {
  /** Sends it a signal, by its name. A program without a handler ends at once. */
  signal(name: string): void;
  /** Leaves later errors to Node. */
  release(): void;
}

/**
 * Starts the requested program, or the user's own.
 * @param program the user's own.
 */
export function startProgram(
  request: RunRequest,
  program: UserProgram | undefined,
  context: StartContext,
  { exit, waitForEnd, runtime = process.argv[1]! }: Ending,
): StartedProgram {
  const { output, streams } = context;
  const stop = new Stop();
  const runContext: RunContext = { ...context, takeSignal: () => stop.take() };
  const fail = (error: unknown) => {
    // A program with a listener of its own handles the error itself.
    if (process.listenerCount("uncaughtException") > 1) return;
    output.error(
      program === undefined
        ? `${request.program}: ${oneLine(error)}\n`
        : describeError(request.program, error),
    );
    exit(1);
  };
  process.on("uncaughtException", fail);
  const finish = async (status: number) => {
    await streams?.flushed();
    exit(status);
  };
  if (program === undefined) void run(request, runContext).then(finish);
  else {
    mapStacks(PROGRAM_URL, program.map, runtime);
    if (request.streams) showClientAddresses();
    shimProcess(request, runContext, (status) => {
      exit(status);
      return waitForEnd();
    });
    void runUserProgram(program, PROGRAM_URL, request, runContext).then(finish);
  }
  return {
    signal(name) {
      if (!stop.ask(name) && !process.emit(name as NodeJS.Signals, name as NodeJS.Signals))
        exit(signalStatus(name) ?? TERMINATED);
    },
    release: () => void process.off("uncaughtException", fail),
  };
}
