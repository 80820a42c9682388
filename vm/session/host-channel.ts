import { randomBytes } from "node:crypto";
import type { Duplex, Readable, Writable } from "node:stream";
import { encodeClock } from "../../guest/protocol/clock.ts";
import { ENTROPY_LENGTH } from "../../guest/protocol/entropy.ts";
import {
  FROM_GUEST,
  type Frame,
  FrameDecoder,
  FrameType,
  MAX_PAYLOAD,
  malformed,
} from "../../guest/protocol/frame.ts";
import { encodeRequest, type RunRequest } from "../../guest/protocol/request.ts";
import type { UserProgram } from "../../guest/protocol/user-program.ts";
import { DocteurError } from "../../reader/errors.ts";
import { deferred } from "../deferred.ts";
import { writeTo } from "../write-to.ts";
import { FrameSender } from "./frame-sender.ts";
import { Input } from "./input.ts";

/** Where a program's standard streams come from and go to. */
export interface Streams {
  /** Read only when the program reads, and then destroyed at its end. Default: nothing. */
  readonly stdin?: Readable | undefined;
  readonly stdout: Writable;
  readonly stderr: Writable;
}

/**
 * The host's side of the channel to one guest, whose program may write anything to it: a frame that breaks the protocol is an
 * error, and of what the guest sends, or does not read, the host holds one frame.
 */
export class HostChannel {
  readonly #socket: Duplex;
  readonly #sender: FrameSender;
  readonly #frames: AsyncGenerator<Frame>;
  /** Fulfilled once the request is sent: before it, the guest expects no signal. */
  readonly #requested = deferred<void>();

  constructor(socket: Duplex) {
    this.#socket = socket;
    this.#sender = new FrameSender(socket);
    this.#frames = frames(socket);
  }

  /**
   * Waits for the guest to be up. False if the channel closed first.
   * @throws {DocteurError} `MALFORMED_FRAME`.
   */
  async ready(): Promise<boolean> {
    const { value } = await this.#frames.next();
    if (value === undefined) return false;
    if (value.type === FrameType.READY) return true;
    throw unexpected(value);
  }

  /**
   * Has a machine's guest make its randomness, its clock and its disk its own, which it must before it runs a program.
   * False if the channel closed first.
   * @throws {DocteurError} `MALFORMED_FRAME`.
   */
  async resume(): Promise<boolean> {
    await this.#sender.send(FrameType.RESUME, randomBytes(ENTROPY_LENGTH));
    for (;;) {
      const { value } = await this.#frames.next();
      if (value === undefined) return false;
      if (value.type === FrameType.RESUMED) return true;
      if (value.type !== FrameType.ASK_CLOCK) throw unexpected(value);
      await this.#sender.send(FrameType.CLOCK, encodeClock(Date.now()));
    }
  }

  /**
   * Has the guest run a program, and passes its streams on, at the pace of whoever reads them.
   *
   * @param program if it is the user's own.
   * @returns the exit status; undefined if the channel closed before there was one.
   * @throws {DocteurError} `ARGUMENTS_TOO_LONG`; `INPUT_FAILED`; `OUTPUT_CLOSED`, if nobody reads `stdout` or `stderr`
   * any more, `OUTPUT_FAILED`; `MALFORMED_FRAME`.
   */
  async run(request: RunRequest, streams: Streams, program?: UserProgram): Promise<number | undefined> {
    const encoded = encodeRequest(request);
    if (encoded.length > MAX_PAYLOAD) {
      const limit = `at most ${MAX_PAYLOAD} bytes pass; cat --files-from - reads paths from standard input`;
      throw new DocteurError("ARGUMENTS_TOO_LONG", `arguments and environment are too long: ${limit}`);
    }
    let inputFailure: DocteurError | undefined;
    const input = new Input(streams.stdin, this.#sender, (failure) => {
      inputFailure = failure;
      this.#socket.destroy();
    });
    try {
      if (program !== undefined) {
        await this.#sender.sendAll(FrameType.PROGRAM, program.code);
        await this.#sender.sendAll(FrameType.PROGRAM_MAP, program.map);
      }
      await this.#sender.send(FrameType.RUN, encoded);
      this.#requested.resolve();
      for await (const frame of this.#frames) {
        const { type, payload } = frame;
        if (type === FrameType.STDOUT) await writeTo(streams.stdout, payload);
        else if (type === FrameType.STDERR) await writeTo(streams.stderr, payload);
        else if (type === FrameType.WANT) input.want();
        else if (type === FrameType.EXIT) return payload[0] ?? 1;
        else throw unexpected(frame);
      }
      if (inputFailure !== undefined) throw inputFailure;
      return undefined;
    } finally {
      input.end();
    }
  }

  /** Tells the program that it is asked to end, once it runs. `name` is that of a signal. */
  async signal(name: string): Promise<void> {
    await this.#requested.promise;
    await this.#sender.send(FrameType.SIGNAL, Buffer.from(name));
  }
}

function unexpected({ type }: Frame): DocteurError {
  return malformed(`type ${type} was not expected now`);
}

async function* frames(socket: Duplex): AsyncGenerator<Frame> {
  const decoder = new FrameDecoder(FROM_GUEST);
  try {
    for await (const piece of socket) yield* decoder.push(piece as Buffer);
  } catch (error) {
    // A guest that dies takes its socket along; that is told as the end of the stream.
    if (error instanceof DocteurError) throw error;
  }
}
