import type { Console } from "../unikernel.ts";

/** Bytes of one write. */
const SIZE = 64 * 1024;

const NEWLINE = 0x0a;

/** `set` copies shared memory, in which threads leave what they have read, byte by byte. */
const { copy } = Buffer.prototype;

/**
 * Joins many small writes to standard output: each write is a message to the host, or a call of the system.
 * What is joined is written before anything goes to standard error, so that the two keep their order.
 */
export class BatchedOutput implements Console {
  readonly #console: Console;
  readonly #buffer = Buffer.allocUnsafeSlow(SIZE);
  #used = 0;

  constructor(console: Console) {
    this.#console = console;
  }

  write(data: Uint8Array | string): void {
    const bytes = typeof data === "string" ? Buffer.from(data) : data;
    if (!this.#makeRoom(bytes.length)) {
      this.#console.write(bytes);
      return;
    }
    copy.call(bytes, this.#buffer, this.#used);
    this.#used += bytes.length;
  }

  /** Writes a line, given without its end. */
  line(bytes: Uint8Array): void {
    if (this.#makeRoom(bytes.length + 1)) {
      const buffer = this.#buffer;
      buffer.set(bytes, this.#used);
      this.#used += bytes.length;
      buffer[this.#used++] = NEWLINE;
    } else {
      this.#console.write(bytes);
      this.#console.write("\n");
    }
  }

  /** The same as `write`, in less time. @param ascii characters of one byte each, 64 KiB at most. */
  ascii(ascii: string): void {
    this.#makeRoom(ascii.length);
    this.#used += this.#buffer.write(ascii, this.#used, "latin1");
  }

  error(data: Uint8Array | string): void {
    this.flush();
    this.#console.error(data);
  }

  /** Writes what the buffer contains. A program calls it at its end, and before it waits. */
  flush(): void {
    if (this.#used > 0) this.#console.write(this.#buffer.subarray(0, this.#used));
    this.#used = 0;
  }

  /** Makes room for so many bytes; false if they are better written by themselves. */
  #makeRoom(length: number): boolean {
    if (length <= SIZE - this.#used) return true;
    this.flush();
    return length < SIZE;
  }
}
