/** A buffer for a path that is written in parts; it grows with the path. */
export class GrowingBytes {
  #bytes = new Uint8Array(256);

  set(position: number, byte: number): void {
    this.#reserve(position + 1);
    this.#bytes[position] = byte;
  }

  write(position: number, bytes: Uint8Array): void {
    this.#reserve(position + bytes.length);
    this.#bytes.set(bytes, position);
  }

  /** A view of the first `length` bytes, valid until the next write. */
  upTo(length: number): Uint8Array {
    return this.#bytes.subarray(0, length);
  }

  #reserve(length: number): void {
    if (length <= this.#bytes.length) return;
    const larger = new Uint8Array(length * 2);
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}
