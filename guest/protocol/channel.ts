import * as fs from "node:fs";
import { encodeFrame, type Frame, FrameDecoder } from "./frame.ts";

/** Bytes asked of the descriptor at a time. */
const READ_LENGTH = 64 * 1024;

/** Frames over a descriptor that blocks: the guest's end of the channel. */
export class Channel {
  readonly #fd: number;
  readonly #sent: (() => void) | undefined;
  readonly #decoder = new FrameDecoder();
  readonly #waiting: Frame[] = [];
  readonly #buffer = Buffer.allocUnsafe(READ_LENGTH);

  /** @param sent called after every frame that was sent. */
  constructor(fd: number, sent?: () => void) {
    this.#fd = fd;
    this.#sent = sent;
  }

  /** Sends a frame, and returns once all of it is on its way. */
  send(type: number, payload?: Uint8Array): void {
    writeAll(this.#fd, encodeFrame(type, payload));
    this.#sent?.();
  }

  /** Waits for the next frame without an event loop. Undefined when the host has closed its end. */
  receiveSync(): Frame | undefined {
    while (this.#waiting.length === 0) {
      const length = fs.readSync(this.#fd, this.#buffer, 0, READ_LENGTH, null);
      if (!this.#take(length)) return undefined;
    }
    return this.#waiting.shift();
  }

  /** The same for a program that does other things meanwhile. One call at a time. */
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
    // A copy, because the decoder keeps pieces and the buffer is filled again.
    this.#waiting.push(...this.#decoder.push(Buffer.from(this.#buffer.subarray(0, length))));
    return true;
  }
}

/** Writes all of `bytes`: a port or a pipe may take less than it is given at a time. */
export function writeAll(fd: number, bytes: Uint8Array): void {
  let done = 0;
  while (done < bytes.length) done += fs.writeSync(fd, bytes, done, bytes.length - done);
}
