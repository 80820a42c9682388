import type { Hash } from "../../reader/git/hash.ts";
import type { ObjectFormat } from "../../reader/git/object-format.ts";
import { encodePackHeader } from "../../reader/pack/format.ts";

/** Bytes collected before they are written. */
const BUFFER = 1024 * 1024;

/** Writes bytes at an offset of a PACK. */
export type WriteAt = (bytes: Uint8Array, offset: number) => void;

/** Writes a PACK from its start to its end, and hashes it on the way. */
export class PackWriter {
  readonly #writeAt: WriteAt;
  readonly #hash: Hash;
  readonly #buffer = Buffer.allocUnsafeSlow(BUFFER);
  #buffered = 0;
  #written = 0;

  /** Writes the PACK's header. @param count its objects. @throws what `writeAt` throws, as the methods do. */
  constructor(count: number, format: ObjectFormat, writeAt: WriteAt) {
    this.#hash = format.createHash();
    this.#writeAt = writeAt;
    this.append(encodePackHeader(count));
  }

  /** Where the next bytes go: their offset in the PACK. */
  get offset(): number {
    return this.#written + this.#buffered;
  }

  append(bytes: Uint8Array): void {
    if (this.#buffered + bytes.length > BUFFER) this.#flush();
    if (bytes.length > BUFFER) {
      this.#write(bytes);
    } else {
      this.#buffer.set(bytes, this.#buffered);
      this.#buffered += bytes.length;
    }
  }

  /** Completes the PACK with its trailer, which it returns. */
  end(): Uint8Array {
    this.#flush();
    const trailer = this.#hash.digest();
    this.#writeAt(trailer, this.#written);
    this.#written += trailer.length;
    return trailer;
  }

  #flush(): void {
    this.#write(this.#buffer.subarray(0, this.#buffered));
    this.#buffered = 0;
  }

  #write(bytes: Uint8Array): void {
    this.#hash.update(bytes);
    this.#writeAt(bytes, this.#written);
    this.#written += bytes.length;
  }
}
