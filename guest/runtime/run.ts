import { openFileDevice } from "../../reader/block/file.ts";
import { createFs, type ImageFs } from "../../reader/fs/create-fs.ts";
import { printable } from "../../reader/printable.ts";
import { type ConnectOptions, connect } from "../../reader/store/connect.ts";
import type { Store } from "../../reader/store/store.ts";
import type { RunRequest } from "../protocol/request.ts";
import type { Console, Unikernel } from "../unikernel.ts";
import { unikernels } from "../unikernels/index.ts";

/** The shell's status for a command that is not there. */
const NOT_FOUND = 127;

/** What a run needs of the place where it runs. */
export interface Surroundings {
  /** The image: a block device node or a file. */
  readonly image: string;
  readonly console: Console;
  readonly stdin: AsyncIterable<Uint8Array>;
  /** Called when the program takes it, which tells that the program ends by itself when it is asked to. */
  takeSignal(): AbortSignal;
}

/** Runs the requested program to its end and gives its exit status. Whatever the program throws is told in one line. */
export async function run(request: RunRequest, surroundings: Surroundings): Promise<number> {
  const { console } = surroundings;
  const program = find(request.program);
  if (program === undefined) {
    const known = Object.keys(unikernels).join(", ");
    console.error(`docteur: no program is named ${printable(request.program)}; there are ${known}\n`);
    return NOT_FOUND;
  }
  try {
    return (await call(program, request, surroundings)) ?? 0;
  } catch (error) {
    console.error(`${request.program}: ${oneLine(error)}\n`);
    return 1;
  }
}

/**
 * Gives a program what it runs with, and gives what it ends with.
 * @throws whatever the program throws; a RangeError, if its status is none.
 */
export async function call(
  program: Unikernel,
  request: RunRequest,
  surroundings: Surroundings,
): Promise<number | undefined> {
  const { console, image, stdin } = surroundings;
  const open = (options?: ConnectOptions) =>
    connect(openFileDevice(image), { ...options, ...wishes(request) });
  let store: Store | undefined;
  let fs: ImageFs | undefined;
  const theStore = () => {
    store ??= open({ layout: "light" });
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
    console,
    args: request.args,
    env: request.env,
    stdin,
    ports: request.ports ?? [],
    terminal: request.terminal ?? false,
    verbose: request.verbose ?? false,
    get signal() {
      return surroundings.takeSignal();
    },
  });
  return status === undefined ? undefined : checked(status);
}

/** What the user wants of the connection, whatever the program would choose. */
function wishes({ layout, commit, analyze }: RunRequest): ConnectOptions {
  return { ...(layout && { layout }), ...(commit && { commit }), ...(analyze && { analyze }) };
}

function find(name: string): Unikernel | undefined {
  return Object.hasOwn(unikernels, name) ? unikernels[name] : undefined;
}

function checked(status: number): number {
  if (Number.isInteger(status) && status >= 0 && status <= 255) return status;
  throw new RangeError(`an exit status is a whole number from 0 to 255, not ${status}`);
}

/** The message of whatever was thrown, on one line, fit for a terminal. */
export function oneLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return printable(message.replace(/\s*\n\s*/g, " "));
}
