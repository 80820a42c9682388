/**
 * One inflate engine, fed piece by piece: `start`, then `write` until `ended`. It holds a window of 32 KiB and neither
 * the whole input nor the whole output, so the caller decides how much of an object is in memory.
 */
export interface Inflater {
  /** Forgets the stream before and expects a new one (RFC 1950). */
  start(): void;
  /**
   * Takes input from `inputStart` to `inputEnd` and gives output from `outputStart` to `outputEnd`, as much of either as the
   * other allows; `consumed` and `produced` tell how much. Whole buffers and places in them: to make a view of a part takes
   * longer than much of what is done here.
   *
   * @returns whether the stream has ended, its checksum verified. Certain only while there is room left in `output`.
   * @throws {InflateError} if the bytes are no zlib stream or its checksum is wrong.
   */
  write(
    input: Uint8Array,
    inputStart: number,
    inputEnd: number,
    output: Uint8Array,
    outputStart: number,
    outputEnd: number,
  ): boolean;
  /** Bytes of input that the last `write` took. */
  readonly consumed: number;
  /** Bytes of output that the last `write` gave. */
  readonly produced: number;
  /** Another inflater of the same engine. */
  another(): Inflater;
  /** Frees its memory now rather than when the collector comes by. It must not be used afterwards. */
  close(): void;
}

/** The bytes are no zlib stream; the message continues a sentence. Whoever knows where they come from turns it into an `InvalidImageError`. */
export class InflateError extends Error {
  override name = "InflateError";
}
