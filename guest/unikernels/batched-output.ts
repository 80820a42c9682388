import type { Console } from "../unikernel.ts";

/** Bytes of one write. */
const SIZE = 64 * 1024;

/** Joins many small writes to standard output: each write is a message to the host. */
export class BatchedOutput {
  readonly #console: Console;
  readonly #buffer = Buffer.allocUnsafeSlow(SIZE);
  #used = 0;

  constructor(console: Console) {
    this.#console = console;
  }

  bytes(bytes: Uint8Array): void {
    if (bytes.length > SIZE - this.#used) this.flush();
    if (bytes.length > SIZE) {
      this.#console.write(bytes);
      return;
    }
    this.#buffer.set(bytes, this.#used);
    this.#used += bytes.length;
  }

  /** @param ascii characters of one byte each. */
  text(ascii: string): void {
    if (ascii.length > SIZE - this.#used) this.flush();
    this.#used += this.#buffer.write(ascii, this.#used, "latin1");
  }

  /** Writes what the buffer contains. */
  flush(): void {
    if (this.#used > 0) this.#console.write(this.#buffer.subarray(0, this.#used));
    this.#used = 0;
  }
}
