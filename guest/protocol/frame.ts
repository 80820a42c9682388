import { DocteurError } from "../../reader/errors.ts";

/**
 * A message between host and guest. On the channel, a frame is its type (unsigned 8-bit), the length of its
 * payload (unsigned 32-bit little endian) and the payload.
 */
export interface Frame {
  readonly type: number;
  readonly payload: Uint8Array;
}

/** The types of frames. */
export const FrameType = {
  /** host to guest, once: a run request as JSON. */
  RUN: 1,
  /** host to guest: bytes of standard input, in answer to a WANT. */
  STDIN: 2,
  /** host to guest: standard input has ended. */
  STDIN_END: 3,
  /** host to guest: the name of a signal, as UTF-8. */
  SIGNAL: 4,
  /** host to guest, once, before RUN: bytes of entropy that no other guest gets. */
  RESUME: 5,
  /** host to guest: milliseconds since the epoch, as a double in little endian, in answer to an ASK_CLOCK. */
  CLOCK: 6,
  /**
   * host to guest, before RUN: the next piece of a program of the user's own, the text of an ECMAScript
   * module.
   */
  PROGRAM: 7,
  /** host to guest, before RUN: the next piece of that program's source map, as JSON. */
  PROGRAM_MAP: 8,
  /** guest to host, once: the guest is ready for RESUME or RUN. */
  READY: 16,
  /** guest to host: bytes for standard output. */
  STDOUT: 17,
  /** guest to host: bytes for standard error. */
  STDERR: 18,
  /** guest to host: asks for one piece of standard input. The host sends none unasked. */
  WANT: 19,
  /** guest to host, once, the last frame: the exit status, one byte. */
  EXIT: 20,
  /** guest to host, after RESUME: asks for a CLOCK. */
  ASK_CLOCK: 21,
  /** guest to host, once: the guest has resumed. */
  RESUMED: 22,
} as const;

const HEADER_LENGTH = 5;

/** The longest payload, in bytes. A receiver holds no more. */
export const MAX_PAYLOAD = 1024 * 1024;

/** The types that one side sends, and the longest payload of each in bytes. */
export type FrameLimits = ReadonlyMap<number, number>;

/** The frames that a guest sends. */
export const FROM_GUEST: FrameLimits = new Map([
  [FrameType.READY, 0],
  [FrameType.STDOUT, MAX_PAYLOAD],
  [FrameType.STDERR, MAX_PAYLOAD],
  [FrameType.WANT, 0],
  [FrameType.EXIT, 1],
  [FrameType.ASK_CLOCK, 0],
  [FrameType.RESUMED, 0],
]);

const NOTHING = Buffer.alloc(0);

const FROM_EITHER: FrameLimits = new Map(Object.values(FrameType).map((type) => [type, MAX_PAYLOAD]));

/**
 * Encodes one frame.
 * @throws {DocteurError} `FRAME_TOO_LONG`, if the payload has more than `MAX_PAYLOAD` bytes.
 */
export function encodeFrame(type: number, payload: Uint8Array = new Uint8Array()): Buffer {
  if (payload.length > MAX_PAYLOAD) {
    throw new DocteurError(
      "FRAME_TOO_LONG",
      `a frame has ${payload.length} bytes, more than the maximum of ${MAX_PAYLOAD}`,
    );
  }
  const frame = Buffer.allocUnsafe(HEADER_LENGTH + payload.length);
  frame.writeUInt8(type, 0);
  frame.writeUInt32LE(payload.length, 1);
  frame.set(payload, HEADER_LENGTH);
  return frame;
}

/**
 * Decodes the frames of a stream that arrives in pieces of any size. It holds at most one partial frame, in
 * memory of that frame's length. A frame that one piece contains is a view of that piece.
 */
export class FrameDecoder {
  readonly #limits: FrameLimits;
  /** Memory for the partial frame: for its header, and once that is complete, for all of it. */
  #partial = Buffer.alloc(HEADER_LENGTH);
  /** Bytes of it that have arrived. */
  #held = 0;

  /** @param limits the frames that the other side may send. Default: those of both sides. */
  constructor(limits = FROM_EITHER) {
    this.#limits = limits;
  }

  /**
   * Yields the frames that the next piece of the stream completes, also those before a fault. The caller must
   * take all of them before it passes the next piece.
   * @throws {DocteurError} `MALFORMED_FRAME`, if a frame has a type that the other side does not send, or is
   * longer than that type's limit.
   */
  *push(piece: Uint8Array): Generator<Frame, void> {
    const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.length);
    let at = 0;
    while (at < bytes.length) {
      const end = this.#held === 0 ? this.#endOfFrame(bytes, at) : undefined;
      if (end === undefined) {
        at += this.#hold(bytes, at);
        if (this.#held === this.#partial.length) yield this.#take();
      } else {
        yield frameOf(bytes, at, end);
        at = end;
      }
    }
  }

  /**
   * Ends the stream.
   * @throws {DocteurError} `MALFORMED_FRAME`, if it ended within a frame.
   */
  end(): void {
    if (this.#held > 0) throw malformed(`the stream ended ${this.#held} bytes into a frame`);
  }

  /**
   * Returns the offset of the end of the frame that starts at `at`; undefined if the piece has only a part of
   * it.
   */
  #endOfFrame(bytes: Buffer, at: number): number | undefined {
    if (bytes.length - at < HEADER_LENGTH) return undefined;
    const end = at + this.#lengthOf(bytes, at);
    return end <= bytes.length ? end : undefined;
  }

  /** Copies bytes to the partial frame, as many as it lacks and the piece has. @returns their number. */
  #hold(bytes: Buffer, at: number): number {
    const added = bytes.copy(this.#partial, this.#held, at);
    this.#held += added;
    if (this.#held === HEADER_LENGTH) {
      const header = this.#partial;
      this.#partial = Buffer.allocUnsafe(this.#lengthOf(header, 0));
      this.#partial.set(header);
    }
    return added;
  }

  #take(): Frame {
    const frame = frameOf(this.#partial, 0, this.#partial.length);
    this.#partial = Buffer.alloc(HEADER_LENGTH);
    this.#held = 0;
    return frame;
  }

  /** The length of a frame in bytes, from its header. */
  #lengthOf(bytes: Buffer, at: number): number {
    const type = bytes.readUInt8(at);
    const length = bytes.readUInt32LE(at + 1);
    const limit = this.#limits.get(type);
    if (limit === undefined) throw malformed(`the other side sends no frames of type ${type}`);
    if (length > limit)
      throw malformed(`a frame of type ${type} has ${length} bytes, more than the maximum of ${limit}`);
    return HEADER_LENGTH + length;
  }
}

/** All empty payloads share one view. */
function frameOf(bytes: Buffer, at: number, end: number): Frame {
  const start = at + HEADER_LENGTH;
  return { type: bytes[at]!, payload: start === end ? NOTHING : bytes.subarray(start, end) };
}

/** The error for a frame that breaks the protocol. */
export function malformed(what: string): DocteurError {
  return new DocteurError("MALFORMED_FRAME", `malformed frame between host and guest: ${what}`);
}
