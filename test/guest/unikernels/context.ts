import type { Unikernel } from "../../../guest/unikernel.ts";
import { memoryDevice } from "../../../reader/block/memory.ts";
import { createFs } from "../../../reader/fs/create-fs.ts";
import { type ConnectOptions, connect } from "../../../reader/store/connect.ts";

/** What a program left behind. */
export interface Outcome {
  readonly status: number;
  readonly output: Buffer;
  /** Lines of standard error. */
  readonly errors: string[];
  readonly connections: ConnectOptions[];
}

/** Runs a program over an image in memory. */
export async function run(
  program: Unikernel,
  image: Uint8Array,
  args: readonly string[],
  input: readonly (Uint8Array | string)[] = [],
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
    stdin: (async function* () {
      for (const piece of input) yield Buffer.from(piece);
    })(),
    ports: [],
    terminal,
    verbose: false,
    signal: new AbortController().signal,
  });
  const lines = errors.split("\n");
  if (lines.pop() !== "") throw new Error("standard error does not end in a line");
  return { status: status ?? 0, output: Buffer.concat(output), errors: lines, connections };
}
