import type { Readable } from "node:stream";

/** Reads a stream by numbers of bytes. It takes no more from the stream than it is asked for. */
export class ByteReader {
  readonly #pieces: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(stream: Readable) {
    this.#pieces = stream[Symbol.asyncIterator]();
  }

  /**
   * The next `length` bytes.
   * @returns undefined if the stream ends before. @throws the error of the stream.
   */
  async exactly(length: number): Promise<Buffer | undefined> {
    const pieces: Buffer[] = [];
    let missing = length;
    while (missing > this.#rest.length) {
      pieces.push(this.#rest);
      missing -= this.#rest.length;
      if (!(await this.#next())) return undefined;
    }
    const last = this.#rest.subarray(0, missing);
    this.#rest = this.#rest.subarray(missing);
    return pieces.length === 0 ? last : Buffer.concat([...pieces, last]);
  }

  /** Drops the next `length` bytes. @returns false if the stream ends before. */
  async skip(length: number): Promise<boolean> {
    let missing = length;
    while (missing > this.#rest.length) {
      missing -= this.#rest.length;
      if (!(await this.#next())) return false;
    }
    this.#rest = this.#rest.subarray(missing);
    return true;
  }

  async #next(): Promise<boolean> {
    const { value, done } = await this.#pieces.next();
    this.#rest = done ? Buffer.alloc(0) : value;
    return done !== true;
  }
}
