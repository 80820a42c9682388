import { randomBytes } from "node:crypto";
import type { Duplex, Readable, Writable } from "node:stream";
import { DocteurError } from "../guest/errors.ts";
import { encodeFrame, type Frame, FrameDecoder, FrameType, MAX_PAYLOAD } from "../guest/runtime/frame.ts";
import { encodeRequest, type RunRequest } from "../guest/runtime/request.ts";
import type { UserProgram } from "../guest/runtime/user/program.ts";
import { writeTo } from "./write-to.ts";

/** Bytes of entropy that a machine gets: twice what a generator's key has. */
const ENTROPY_LENGTH = 64;

/** Where a program's standard streams come from and go to. */
export interface Streams {
  /** Read only when the program reads, and then destroyed at its end. Default: nothing. */
  readonly stdin?: Readable | undefined;
  readonly stdout: Writable;
  readonly stderr: Writable;
}

/** The host's side of the channel to one guest. */
export class Conversation {
  readonly #socket: Duplex;
  readonly #frames: AsyncGenerator<Frame>;

  constructor(socket: Duplex) {
    this.#socket = socket;
    this.#frames = frames(socket);
  }

  /** Waits for the guest to be up. False if the channel closed first. */
  async ready(): Promise<boolean> {
    const { value } = await this.#frames.next();
    return value !== undefined && value.type === FrameType.READY;
  }

  /**
   * Has a machine's guest make its randomness, its clock and its disk its own, which it must before it runs a program.
   * False if the channel closed first.
   */
  async wake(): Promise<boolean> {
    this.#send(FrameType.WAKE, randomBytes(ENTROPY_LENGTH));
    for (;;) {
      const { value } = await this.#frames.next();
      if (value === undefined) return false;
      if (value.type === FrameType.AWAKE) return true;
      if (value.type === FrameType.ASK_CLOCK) this.#send(FrameType.CLOCK, now());
    }
  }

  /**
   * Has the guest run a program, and passes its streams on, at the pace of whoever reads them.
   *
   * @param program if it is the user's own.
   * @returns the exit status; undefined if the channel closed before there was one.
   * @throws {DocteurError} `ARGUMENTS_TOO_LONG`; `INPUT_FAILED`; `OUTPUT_CLOSED`, if nobody reads `stdout` or `stderr`
   * any more, `OUTPUT_FAILED`.
   */
  async run(request: RunRequest, streams: Streams, program?: UserProgram): Promise<number | undefined> {
    const encoded = encodeRequest(request);
    if (encoded.length > MAX_PAYLOAD) {
      const limit = `at most ${MAX_PAYLOAD} bytes pass; cat --files-from - reads paths from standard input`;
      throw new DocteurError("ARGUMENTS_TOO_LONG", `arguments and environment are too long: ${limit}`);
    }
    if (program !== undefined) {
      this.#sendAll(FrameType.PROGRAM, program.code);
      this.#sendAll(FrameType.PROGRAM_MAP, program.map);
    }
    this.#send(FrameType.RUN, encoded);
    const stdin = streams.stdin?.[Symbol.asyncIterator]();
    let wanted = false;
    let inputFailure: DocteurError | undefined;
    try {
      for await (const { type, payload } of this.#frames) {
        if (type === FrameType.STDOUT) await writeTo(streams.stdout, payload);
        else if (type === FrameType.STDERR) await writeTo(streams.stderr, payload);
        else if (type === FrameType.EXIT) return payload[0] ?? 1;
        else if (type === FrameType.WANT) {
          wanted = true;
          this.#answer(stdin).catch((cause: NodeJS.ErrnoException) => {
            const what = `standard input cannot be read: ${cause.code ?? cause.message}`;
            inputFailure = new DocteurError("INPUT_FAILED", what, { cause });
            this.#socket.destroy();
          });
        }
      }
      if (inputFailure !== undefined) throw inputFailure;
      return undefined;
    } finally {
      // Nobody will read the rest, and a terminal that is still waited for would keep this process alive.
      if (wanted) streams.stdin?.destroy();
    }
  }

  /** Tells the program that it is asked to end. `name` is that of a signal. */
  signal(name: string): void {
    this.#send(FrameType.SIGNAL, Buffer.from(name));
  }

  async #answer(stdin: AsyncIterator<Uint8Array | string> | undefined): Promise<void> {
    const next = await stdin?.next();
    if (next === undefined || next.done === true) return this.#send(FrameType.STDIN_END);
    this.#sendAll(FrameType.STDIN, typeof next.value === "string" ? Buffer.from(next.value) : next.value);
  }

  /** In as many frames as it takes, at least one. */
  #sendAll(type: number, bytes: Uint8Array): void {
    let at = 0;
    do {
      this.#send(type, bytes.subarray(at, at + MAX_PAYLOAD));
      at += MAX_PAYLOAD;
    } while (at < bytes.length);
  }

  #send(type: number, payload?: Uint8Array): void {
    if (this.#socket.writable) this.#socket.write(encodeFrame(type, payload));
  }
}

/** The wall clock, as a CLOCK frame has it. */
function now(): Buffer {
  const time = Buffer.alloc(8);
  time.writeDoubleLE(Date.now());
  return time;
}

async function* frames(socket: Duplex): AsyncGenerator<Frame> {
  const decoder = new FrameDecoder();
  try {
    for await (const piece of socket) yield* decoder.push(piece as Buffer);
  } catch (error) {
    // A guest that dies takes its socket along; that is told as the end of the stream.
    if (error instanceof DocteurError) throw error;
  }
}
