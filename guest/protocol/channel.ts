import * as fs from "node:fs";
import { encodeFrame, type Frame, FrameDecoder } from "./frame.ts";

/** Bytes of a read. */
const READ_LENGTH = 64 * 1024;

/** The guest's end of the channel: frames over a blocking descriptor. */
export class Channel {
  readonly #fd: number;
  readonly #sent: (() => void) | undefined;
  readonly #decoder = new FrameDecoder();
  readonly #waiting: Frame[] = [];
  readonly #buffer = Buffer.allocUnsafe(READ_LENGTH);

  /** @param sent called after each frame that is sent. */
  constructor(fd: number, sent?: () => void) {
    this.#fd = fd;
    this.#sent = sent;
  }

  /** Sends a frame. Returns once the system has taken all of it. */
  send(type: number, payload?: Uint8Array): void {
    writeAll(this.#fd, encodeFrame(type, payload));
    this.#sent?.();
  }

  /** Blocks until the next frame. Returns undefined when the host has closed its end. */
  receiveSync(): Frame | undefined {
    while (this.#waiting.length === 0) {
      const length = fs.readSync(this.#fd, this.#buffer, 0, READ_LENGTH, null);
      if (!this.#take(length)) return undefined;
    }
    return this.#waiting.shift();
  }

  /** The same without blocking. The next call must wait for this one. */
  async receive(): Promise<Frame | undefined> {
    while (this.#waiting.length === 0) {
      const length = await new Promise<number>((resolve, reject) => {
        fs.read(this.#fd, this.#buffer, 0, READ_LENGTH, null, (error, count) =>
          error === null ? resolve(count) : reject(error),
        );
      });
      if (!this.#take(length)) return undefined;
    }
    return this.#waiting.shift();
  }

  #take(length: number): boolean {
    if (length === 0) {
      this.#decoder.end();
      return false;
    }
    // A copy: the decoder keeps pieces, and the next read overwrites the buffer.
    this.#waiting.push(...this.#decoder.push(Buffer.from(this.#buffer.subarray(0, length))));
    return true;
  }
}

/** Writes all of `bytes`: a write to a port or a pipe may take only a part. */
export function writeAll(fd: number, bytes: Uint8Array): void {
  let done = 0;
  while (done < bytes.length) done += fs.writeSync(fd, bytes, done, bytes.length - done);
}
