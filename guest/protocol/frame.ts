import { DocteurError } from "../../reader/errors.ts";

/**
 * What passes between host and guest: frames over one stream of bytes. A frame is a type (unsigned 8-bit), the length of
 * its payload (unsigned 32-bit little endian) and the payload.
 */
export interface Frame {
  readonly type: number;
  readonly payload: Uint8Array;
}

/** The types of frames; the direction is from the host's or the guest's point of view as the name says. */
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
  /** host to guest, before RUN: the next piece of a program of the user's own, the text of an ECMAScript module. */
  PROGRAM: 7,
  /** host to guest, before RUN: the next piece of that program's source map, as JSON. */
  PROGRAM_MAP: 8,
  /** guest to host, once: the guest is up and waits for RUN. */
  READY: 16,
  /** guest to host: bytes for standard output. */
  STDOUT: 17,
  /** guest to host: bytes for standard error. */
  STDERR: 18,
  /** guest to host: the program would take one more piece of standard input. Without it the host sends none. */
  WANT: 19,
  /** guest to host, once: the exit status, one byte. Nothing follows. */
  EXIT: 20,
  /** guest to host, after RESUME: asks for a CLOCK. */
  ASK_CLOCK: 21,
  /** guest to host, once: the guest has resumed. */
  RESUMED: 22,
} as const;

const HEADER_LENGTH = 5;

/** The longest payload, in bytes. Bounds what a receiver must hold. */
export const MAX_PAYLOAD = 1024 * 1024;

/** The types that one side sends, and the longest payload of each in bytes. */
export type FrameLimits = ReadonlyMap<number, number>;

/** What a guest sends. */
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
      `a message of ${payload.length} bytes is too long: at most ${MAX_PAYLOAD} pass between host and guest`,
    );
  }
  const frame = Buffer.allocUnsafe(HEADER_LENGTH + payload.length);
  frame.writeUInt8(type, 0);
  frame.writeUInt32LE(payload.length, 1);
  frame.set(payload, HEADER_LENGTH);
  return frame;
}

/**
 * Finds the frames in a stream that comes in pieces of any size. Of the stream it holds one frame that has begun, in memory of
 * that frame's own length; a frame that lies in one piece is a view of that piece.
 */
export class FrameDecoder {
  readonly #limits: FrameLimits;
  /** The frame that has begun: memory for its header, and once that is complete, for all of it. */
  #begun = Buffer.alloc(HEADER_LENGTH);
  /** Bytes of it that are there. */
  #held = 0;

  /** @param limits what the other side may send. Default: what either side may. */
  constructor(limits = FROM_EITHER) {
    this.#limits = limits;
  }

  /**
   * Takes the next piece of the stream and gives the frames that it completes, one after the other; those before a fault are
   * given, too. All must be taken before the next piece is.
   * @throws {DocteurError} `MALFORMED_FRAME`, if the stream holds a type that the other side does not send, or a length
   * beyond that type's limit.
   */
  *push(piece: Uint8Array): Generator<Frame, void> {
    const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.length);
    let at = 0;
    while (at < bytes.length) {
      const end = this.#held === 0 ? this.#endOfFrame(bytes, at) : undefined;
      if (end === undefined) {
        at += this.#hold(bytes, at);
        if (this.#held === this.#begun.length) yield this.#take();
      } else {
        yield frameOf(bytes, at, end);
        at = end;
      }
    }
  }

  /**
   * Tells that the stream has ended.
   * @throws {DocteurError} `MALFORMED_FRAME`, if it ended within a frame.
   */
  end(): void {
    if (this.#held > 0) throw malformed(`the stream ended ${this.#held} bytes into a frame`);
  }

  /** Where the frame that begins here ends; undefined if not all of it is here. */
  #endOfFrame(bytes: Buffer, at: number): number | undefined {
    if (bytes.length - at < HEADER_LENGTH) return undefined;
    const end = at + this.#lengthOf(bytes, at);
    return end <= bytes.length ? end : undefined;
  }

  /** Adds to the frame that has begun what it lacks, as far as that is here. @returns how much it was. */
  #hold(bytes: Buffer, at: number): number {
    const added = bytes.copy(this.#begun, this.#held, at);
    this.#held += added;
    if (this.#held === HEADER_LENGTH) {
      const header = this.#begun;
      this.#begun = Buffer.allocUnsafe(this.#lengthOf(header, 0));
      this.#begun.set(header);
    }
    return added;
  }

  #take(): Frame {
    const frame = frameOf(this.#begun, 0, this.#begun.length);
    this.#begun = Buffer.alloc(HEADER_LENGTH);
    this.#held = 0;
    return frame;
  }

  /** Bytes of a frame, by its header. */
  #lengthOf(bytes: Buffer, at: number): number {
    const type = bytes.readUInt8(at);
    const length = bytes.readUInt32LE(at + 1);
    const limit = this.#limits.get(type);
    if (limit === undefined) throw malformed(`no frame that comes this way has type ${type}`);
    if (length > limit) throw malformed(`a frame of type ${type} has ${length} bytes; ${limit} are allowed`);
    return HEADER_LENGTH + length;
  }
}

/** One of many that are empty has no view of its own. */
function frameOf(bytes: Buffer, at: number, end: number): Frame {
  const start = at + HEADER_LENGTH;
  return { type: bytes[at]!, payload: start === end ? NOTHING : bytes.subarray(start, end) };
}

/** The error of a stream that is no sequence of frames, or of one that the other side does not send now. */
export function malformed(what: string): DocteurError {
  return new DocteurError("MALFORMED_FRAME", `malformed frame between host and guest: ${what}`);
}
