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
import { deferred } from "../../reader/deferred.ts";
import { DocteurError } from "../../reader/errors.ts";
import { crypto } from "../crypto.ts";
import { writeTo } from "../write-to.ts";
import { FrameSender } from "./frame-sender.ts";
import { Input } from "./input.ts";

/** The standard streams of a program. */
export interface Streams {
  /** Read only when the program reads, and then destroyed at its end. Default: nothing. */
  readonly stdin?: Readable | undefined;
  readonly stdout: Writable;
  readonly stderr: Writable;
  /** Called with each piece of the program's errors, once it is written. */
  readonly onErrors?: ((piece: Uint8Array) => Promise<void>) | undefined;
}

/**
 * The host's end of the channel to one guest. The guest's program may write anything to it: a frame that
 * breaks the protocol is an error, and the host holds at most one frame of what the guest sends and one of
 * what it does not read.
 */
export class HostChannel {
  readonly #socket: Duplex;
  readonly #sender: FrameSender;
  readonly #frames: AsyncGenerator<Frame>;
  /** Resolves once the request is sent: before it, the guest expects no signal. */
  readonly #requested = deferred<void>();

  constructor(socket: Duplex) {
    this.#socket = socket;
    this.#sender = new FrameSender(socket);
    this.#frames = frames(socket);
  }

  /**
   * Waits until the guest is ready. Returns false if the channel closed first.
   * @throws {DocteurError} `MALFORMED_FRAME`.
   */
  async ready(): Promise<boolean> {
    const { value } = await this.#frames.next();
    if (value === undefined) return false;
    if (value.type === FrameType.READY) return true;
    throw unexpected(value);
  }

  /**
   * Resumes the guest of a machine, which then replaces its random values, its clock and its disk. It must
   * precede a request. Returns false if the channel closed first.
   * @throws {DocteurError} `MALFORMED_FRAME`.
   */
  async resume(): Promise<boolean> {
    await this.#sender.send(FrameType.RESUME, crypto().randomBytes(ENTROPY_LENGTH));
    for (;;) {
      const { value } = await this.#frames.next();
      if (value === undefined) return false;
      if (value.type === FrameType.RESUMED) return true;
      if (value.type !== FrameType.ASK_CLOCK) throw unexpected(value);
      await this.#sender.send(FrameType.CLOCK, encodeClock(Date.now()));
    }
  }

  /**
   * Has the guest run a program, and copies its streams, at the pace of their readers.
   *
   * @param program the user's own program, if the request is for one.
   * @returns the exit status; undefined if the channel closed before there was one.
   * @throws {DocteurError} `ARGUMENTS_TOO_LONG`; `INPUT_FAILED`; `OUTPUT_CLOSED`, if the reader of `stdout`
   * or `stderr` has closed it; `OUTPUT_FAILED`; `MALFORMED_FRAME`.
   */
  async run(request: RunRequest, streams: Streams, program?: UserProgram): Promise<number | undefined> {
    const encoded = encodeRequest(request);
    if (encoded.length > MAX_PAYLOAD) {
      const limit = `at most ${MAX_PAYLOAD} bytes; cat --files-from - reads paths from standard input`;
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
        else if (type === FrameType.STDERR) {
          await writeTo(streams.stderr, payload);
          await streams.onErrors?.(payload);
        } else if (type === FrameType.WANT) input.want();
        else if (type === FrameType.EXIT) return payload[0] ?? 1;
        else throw unexpected(frame);
      }
      if (inputFailure !== undefined) throw inputFailure;
      return undefined;
    } finally {
      input.end();
    }
  }

  /** Sends the program a signal, once the request is sent. @param name that of the signal. */
  async signal(name: string): Promise<void> {
    await this.#requested.promise;
    await this.#sender.send(FrameType.SIGNAL, Buffer.from(name));
  }
}

function unexpected({ type }: Frame): DocteurError {
  return malformed(`a frame of type ${type} is not expected here`);
}

async function* frames(socket: Duplex): AsyncGenerator<Frame> {
  const decoder = new FrameDecoder(FROM_GUEST);
  try {
    for await (const piece of socket) yield* decoder.push(piece as Buffer);
  } catch (error) {
    // The socket fails when its guest dies: this is the end of the stream.
    if (error instanceof DocteurError) throw error;
  }
}
