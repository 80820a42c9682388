import type { Unikernel } from "../../../guest/unikernel.ts";
import { memoryDevice } from "../../../reader/block/memory.ts";
import { createFs } from "../../../reader/fs/create-fs.ts";
import { type ConnectOptions, connect } from "../../../reader/store/connect.ts";

/** What a program left behind. */
export interface Outcome {
  readonly status: number;
  readonly output: Buffer;
  /** Writes to standard output. */
  readonly writes: number;
  /** Lines of standard error. */
  readonly errors: string[];
  readonly connections: ConnectOptions[];
}

async function* pieces(input: Iterable<Uint8Array | string>): AsyncGenerator<Uint8Array> {
  for (const piece of input) yield Buffer.from(piece);
}

/**
 * Runs a program over an image in memory.
 * @param input the pieces of standard input; or what makes them, and sees what has been written so far.
 */
export async function run(
  program: Unikernel,
  image: Uint8Array,
  args: readonly string[],
  input: Iterable<Uint8Array | string> | ((written: () => Buffer) => AsyncIterable<Uint8Array>) = [],
  terminal = false,
): Promise<Outcome> {
  const output: Buffer[] = [];
  let errors = "";
  const connections: ConnectOptions[] = [];
  const open = (options: ConnectOptions = {}) => {
    connections.push(options);
    return connect(memoryDevice(image), options);
  };
  const status = await program({
    get store() {
      return open();
    },
    get fs() {
      return createFs(open());
    },
    connect: open,
    console: {
      // What is written may be memory that is used again, so it is copied as the channel copies it.
      write: (data) => output.push(Buffer.from(data)),
      error: (data) => {
        errors += Buffer.from(data).toString();
      },
    },
    args,
    env: {},
    stdin: typeof input === "function" ? input(() => Buffer.concat(output)) : pieces(input),
    ports: [],
    terminal,
    verbose: false,
    signal: new AbortController().signal,
  });
  const lines = errors.split("\n");
  if (lines.pop() !== "") throw new Error("standard error does not end in a line");
  return {
    status: status ?? 0,
    output: Buffer.concat(output),
    writes: output.length,
    errors: lines,
    connections,
  };
}
