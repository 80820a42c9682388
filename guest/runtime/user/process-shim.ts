import { Readable, Writable } from "node:stream";
import type { RunRequest } from "../../protocol/request.ts";
import type { RunContext } from "../run.ts";

/**
 * Replaces the standard streams, arguments, environment and `exit` of `process` with those of the run, for a
 * program of the user's own and its packages. The global `console` writes to the same streams.
 *
 * @param exit ends the run with a status.
 */
export function shimProcess(
  { program, args, env }: RunRequest,
  { output, stdin }: Pick<RunContext, "output" | "stdin">,
  exit: (status: number) => never,
): void {
  provide("stdout", () => outputStream((piece) => output.write(piece)));
  provide("stderr", () => outputStream((piece) => output.error(piece)));
  provide("stdin", () => Readable.from(stdin, { objectMode: false }));
  process.argv.splice(1, process.argv.length, program, ...args);
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, env);
  process.exit = (code) => {
    if (code !== undefined && code !== null) process.exitCode = code;
    exit(emitExit());
  };
}

/**
 * Emits the `exit` event, as the last step of a program.
 * @returns the status that the system would report: the lowest eight bits of `process.exitCode`.
 */
export function emitExit(): number {
  const status = () => Number(process.exitCode ?? 0) & 0xff;
  process.emit("exit", status());
  return status();
}

function provide<Name extends "stdin" | "stdout" | "stderr">(name: Name, make: () => object): void {
  let stream: object | undefined;
  Object.defineProperty(process, name, {
    configurable: true,
    enumerable: true,
    get() {
      stream ??= make();
      return stream;
    },
  });
}

/** A write returns once its bytes are on the channel, as a write of Node's own to a file does. */
function outputStream(write: (piece: Uint8Array) => void): Writable {
  return new Writable({
    write(piece: Uint8Array, _encoding, done) {
      write(piece);
      done();
    },
  });
}
