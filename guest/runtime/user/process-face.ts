import { Readable, Writable } from "node:stream";
import type { RunRequest } from "../../protocol/request.ts";
import type { Surroundings } from "../run.ts";

/**
 * Makes `process`, and with it the global `console`, what a program and its packages expect: standard streams, arguments
 * and environment are those of the run, not of the machine.
 *
 * @param exit ends the run with a status.
 */
export function faceProcess(
  { program, args, env }: RunRequest,
  { console, stdin }: Pick<Surroundings, "console" | "stdin">,
  exit: (status: number) => never,
): void {
  provide("stdout", () => outputStream((piece) => console.write(piece)));
  provide("stderr", () => outputStream((piece) => console.error(piece)));
  provide("stdin", () => Readable.from(stdin, { objectMode: false }));
  process.argv.splice(1, process.argv.length, program, ...args);
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, env);
  process.exit = (code) => {
    if (code !== undefined && code !== null) process.exitCode = code;
    exit(leave());
  };
}

/**
 * Does what comes last in a process: `exit` is told.
 * @returns the status, as the system would pass it on: its lowest eight bits.
 */
export function leave(): number {
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

/** What is written is on its way when `write` returns, as with node's own for files. */
function outputStream(write: (piece: Uint8Array) => void): Writable {
  return new Writable({
    write(piece: Uint8Array, _encoding, done) {
      write(piece);
      done();
    },
  });
}
