/** What one call of `Inflater.write` did. */
export interface Inflated {
  /** Bytes of input taken. */
  readonly consumed: number;
  /** Bytes of output written. */
  readonly produced: number;
  /** Whether the stream has ended, its checksum verified. Certain only while the output is not full. */
  readonly ended: boolean;
}

/**
 * One inflate engine, fed piece by piece: `start`, then `write` until `ended`. It holds a window of 32 KiB
 * and neither all of the input nor all of the output, so the caller decides how much of an object is in
 * memory.
 */
export interface Inflater {
  /** Forgets the stream before and expects a new one (RFC 1950). */
  start(): void;
  /**
   * Takes input from `inputStart` to `inputEnd` and writes output from `outputStart` to `outputEnd`, as much
   * of either as the other allows. Whole buffers and offsets in them: to make a view of a part takes longer
   * than much of what is done here.
   *
   * @returns what was done, in an object of the inflater's own that is good until the next call.
   * @throws {InflateError} if the bytes are no zlib stream or its checksum is wrong.
   */
  write(
    input: Uint8Array,
    inputStart: number,
    inputEnd: number,
    output: Uint8Array,
    outputStart: number,
    outputEnd: number,
  ): Inflated;
  /** Another inflater of the same engine. */
  another(): Inflater;
  /** Frees its memory now rather than when the collector comes by. It must not be used afterwards. */
  close(): void;
}

/**
 * The bytes are no zlib stream; the message continues a sentence. Its catcher knows where the bytes lie, and
 * throws an `InvalidImageError`.
 */
export class InflateError extends Error {
  override name = "InflateError";
}
