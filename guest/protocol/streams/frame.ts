import { malformed } from "../frame.ts";

/**
 * The frames of the port for streams. Each is the id of its stream (unsigned 32-bit little endian), its type
 * (unsigned 8-bit), the length of its payload (unsigned 24-bit little endian) and the payload. The host opens
 * all streams, with ids that increase from 1; id 0 is the connection between host and guest itself.
 */
export const StreamFrameType = {
  /** host to guest: opens a stream; the payload is an `Opening`. */
  OPEN: 1,
  /** bytes of the stream. */
  DATA: 2,
  /** the receiver of DATA allows its sender so many bytes more (unsigned 32-bit little endian). */
  WINDOW: 3,
  /** the sender sends no more DATA; it still receives. */
  END: 4,
  /** the sender neither sends nor receives any more; what it has sent is to be delivered. */
  CLOSE: 5,
  /** the stream is over, and what it has sent may be dropped. */
  RESET: 6,
  /**
   * guest to host: every request in the first bytes of the stream, so many as the payload says (a double in
   * little endian), has its complete answer in the DATA so far. Another guest could continue from here.
   */
  CHECKPOINT: 7,
  /** guest to host, on stream 0: a program accepts the connections of the port in the payload. */
  LISTENING: 8,
  /** guest to host: an answer is complete; the payload is an access record. */
  ACCESS: 9,
  /** host to guest, on stream 0: to be answered by a PONG with the same payload. */
  PING: 10,
  PONG: 11,
} as const;

/** Bytes of a frame's header. */
export const STREAM_HEADER = 8;

/** The most bytes of DATA in a frame: other streams wait no longer than for one of these. */
export const MAX_DATA = 16 * 1024;

/** The most bytes in any other frame: an access record has the target of a request. */
export const MAX_CONTROL = 16 * 1024;

/**
 * What a frame of DATA takes of its stream's window beyond its bytes: about the memory that a receiver needs
 * for it. A window therefore bounds memory, however short the frames are.
 */
export const FRAME_COST = 256;

/** The window of a new stream in each direction, in bytes. */
export const WINDOW = 64 * 1024;

/** Writes a header. @returns the offset after it. */
export function writeStreamHeader(
  into: Buffer,
  at: number,
  stream: number,
  type: number,
  length: number,
): number {
  into.writeUInt32LE(stream, at);
  into.writeUInt32LE(type | (length << 8), at + 4);
  return at + STREAM_HEADER;
}

/** Receives the frames of a decoder. */
export interface StreamFrames {
  /** A frame of DATA begins. @param length bytes of its payload. */
  begin(stream: number, length: number): void;
  /** The next bytes of the DATA that has begun: a view that is valid during the call. */
  data(stream: number, bytes: Buffer): void;
  /** A frame of another type. Its payload is a view that is valid during the call. */
  control(stream: number, type: number, payload: Buffer): void;
}

/**
 * Decodes frames that arrive in pieces of any size. It passes DATA on as it arrives, and holds at most one
 * incomplete frame of another type.
 */
export class StreamFrameDecoder {
  readonly #frames: StreamFrames;
  readonly #held = Buffer.alloc(STREAM_HEADER + MAX_CONTROL);
  /** Bytes of an incomplete frame that are held. */
  #count = 0;
  #stream = 0;
  /** Bytes of the current DATA that have not arrived. */
  #missing = 0;

  constructor(frames: StreamFrames) {
    this.#frames = frames;
  }

  /**
   * Decodes the next piece.
   * @throws {DocteurError} `MALFORMED_FRAME`, if a frame is longer than its type's limit; and what a receiver
   * throws. The decoder then accepts nothing more.
   */
  push(piece: Buffer): void {
    for (let at = 0; at < piece.length; ) {
      if (this.#missing > 0) at = this.#passData(piece, at);
      else if (this.#count > 0 || piece.length - at < STREAM_HEADER) at = this.#hold(piece, at);
      else at = this.#decode(piece, at);
    }
  }

  #passData(piece: Buffer, at: number): number {
    const end = Math.min(piece.length, at + this.#missing);
    this.#missing -= end - at;
    this.#frames.data(this.#stream, piece.subarray(at, end));
    return end;
  }

  /** Takes a frame whose header is in the piece. @returns the offset of what it has not taken. */
  #decode(piece: Buffer, at: number): number {
    const { type, length } = this.#header(piece, at);
    const start = at + STREAM_HEADER;
    if (type === StreamFrameType.DATA) return start;
    if (piece.length - start < length) return this.#hold(piece, at);
    this.#frames.control(this.#stream, type, piece.subarray(start, start + length));
    return start + length;
  }

  /** Holds the rest of a header, or of a frame that is not DATA. */
  #hold(piece: Buffer, at: number): number {
    const held = this.#held;
    const take = (wanted: number) => {
      const taken = piece.copy(held, this.#count, at, at + Math.max(0, wanted - this.#count));
      this.#count += taken;
      at += taken;
      return this.#count >= wanted;
    };
    if (!take(STREAM_HEADER)) return at;
    const { type, length } = this.#header(held, 0);
    if (type === StreamFrameType.DATA) this.#count = 0;
    else if (take(STREAM_HEADER + length)) {
      this.#count = 0;
      this.#frames.control(this.#stream, type, held.subarray(STREAM_HEADER, STREAM_HEADER + length));
    }
    return at;
  }

  #header(bytes: Buffer, at: number): { type: number; length: number } {
    const word = bytes.readUInt32LE(at + 4);
    const [type, length] = [word & 0xff, word >>> 8];
    const limit = type === StreamFrameType.DATA ? MAX_DATA : MAX_CONTROL;
    if (length > limit) throw malformed(`a stream's frame of type ${type} has ${length} bytes`);
    this.#stream = bytes.readUInt32LE(at);
    if (type === StreamFrameType.DATA) {
      this.#missing = length;
      this.#frames.begin(this.#stream, length);
    }
    return { type, length };
  }
}
