import { closeSync, ftruncateSync, openSync, writeSync } from "node:fs";
import { crc32 } from "node:zlib";

/** Bytes buffered before they are written. */
const BUFFER = 1024 * 1024;

/** A buffered file for appending, which can drop its last entry. Throws what `fs` throws. */
export class PackFile implements Disposable {
  readonly #fd: number;
  readonly #buffer = Buffer.allocUnsafe(BUFFER);
  #buffered = 0;
  /** Bytes that have left the buffer. */
  #written = 0;
  #crc = 0;

  /** Creates the file, which must not exist. */
  constructor(path: string) {
    this.#fd = openSync(path, "wx+");
  }

  /** CRC-32 of what was appended since `beginEntry`. */
  get crc(): number {
    return this.#crc;
  }

  /** Starts an entry at the end of the file. @returns its offset. */
  beginEntry(): number {
    this.#crc = 0;
    return this.#written + this.#buffered;
  }

  append(bytes: Uint8Array): void {
    this.#crc = crc32(bytes, this.#crc);
    if (this.#buffered + bytes.length > BUFFER) this.flush();
    if (bytes.length > BUFFER) {
      this.#write(bytes);
    } else {
      this.#buffer.set(bytes, this.#buffered);
      this.#buffered += bytes.length;
    }
  }

  /** Drops everything from `offset` on. */
  rewind(offset: number): void {
    if (offset >= this.#written) {
      this.#buffered = offset - this.#written;
    } else {
      ftruncateSync(this.#fd, offset);
      this.#written = offset;
      this.#buffered = 0;
    }
  }

  overwriteStart(bytes: Uint8Array): void {
    this.flush();
    writeSync(this.#fd, bytes, 0, bytes.length, 0);
  }

  flush(): void {
    this.#write(this.#buffer.subarray(0, this.#buffered));
    this.#buffered = 0;
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }

  #write(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; ) {
      const count = writeSync(this.#fd, bytes, done, bytes.length - done, this.#written);
      this.#written += count;
      done += count;
    }
  }
}
