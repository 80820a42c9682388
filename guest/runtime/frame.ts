import { DocteurError } from "../errors.ts";

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
  WAKE: 5,
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
  /** guest to host, after WAKE: what time is it? */
  ASK_CLOCK: 21,
  /** guest to host, once: WAKE is done. */
  AWAKE: 22,
} as const;

const HEADER_LENGTH = 5;

/** The longest payload, in bytes. Bounds what a receiver must hold. */
export const MAX_PAYLOAD = 1024 * 1024;

const KNOWN_TYPES: ReadonlySet<number> = new Set(Object.values(FrameType));

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

/** Finds the frames in a stream that comes in pieces of any size. Holds at most one frame and one piece. */
export class FrameDecoder {
  #pieces: Uint8Array[] = [];
  #held = 0;
  /** Bytes that must be there before anything more can be told. */
  #needed = HEADER_LENGTH;

  /**
   * Takes the next piece of the stream and gives the frames that it completes.
   * @throws {DocteurError} `MALFORMED_FRAME`, if the stream holds an unknown type or a length beyond `MAX_PAYLOAD`.
   */
  push(piece: Uint8Array): Frame[] {
    this.#pieces.push(piece);
    this.#held += piece.length;
    if (this.#held < this.#needed) return [];
    const bytes =
      this.#pieces.length === 1
        ? Buffer.from(piece.buffer, piece.byteOffset, piece.length)
        : Buffer.concat(this.#pieces);
    const frames: Frame[] = [];
    let at = 0;
    this.#needed = HEADER_LENGTH;
    while (bytes.length - at >= HEADER_LENGTH) {
      const { type, length } = readHeader(bytes, at);
      this.#needed = HEADER_LENGTH + length;
      if (bytes.length - at < this.#needed) break;
      frames.push({ type, payload: bytes.subarray(at + HEADER_LENGTH, at + this.#needed) });
      at += this.#needed;
      this.#needed = HEADER_LENGTH;
    }
    this.#pieces = at < bytes.length ? [bytes.subarray(at)] : [];
    this.#held = bytes.length - at;
    return frames;
  }

  /**
   * Tells that the stream has ended.
   * @throws {DocteurError} `MALFORMED_FRAME`, if it ended within a frame.
   */
  end(): void {
    if (this.#held > 0) throw malformed(`the stream ended ${this.#held} bytes into a frame`);
  }
}

function readHeader(bytes: Buffer, at: number): { type: number; length: number } {
  const type = bytes.readUInt8(at);
  const length = bytes.readUInt32LE(at + 1);
  if (!KNOWN_TYPES.has(type)) throw malformed(`no frame has type ${type}`);
  if (length > MAX_PAYLOAD)
    throw malformed(`a frame says that it has ${length} bytes, ${MAX_PAYLOAD} are allowed`);
  return { type, length };
}

function malformed(what: string): DocteurError {
  return new DocteurError("MALFORMED_FRAME", `host and guest misunderstand each other: ${what}`);
}
