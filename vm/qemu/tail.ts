/** Keeps the last bytes of a stream. */
export class Tail {
  /** A ring buffer: the next byte replaces the oldest. */
  readonly #ring: Buffer;
  /** The number of bytes pushed. */
  #count = 0;

  /** @param limit bytes to keep. */
  constructor(limit = 16 * 1024) {
    this.#ring = Buffer.alloc(limit);
  }

  push(piece: Uint8Array): void {
    const limit = this.#ring.length;
    const kept = piece.subarray(-limit);
    this.#count += piece.length - kept.length;
    const start = this.#count % limit;
    const fits = Math.min(kept.length, limit - start);
    this.#ring.set(kept.subarray(0, fits), start);
    this.#ring.set(kept.subarray(fits));
    this.#count += kept.length;
  }

  /** Returns the last lines that are not empty, without control characters. */
  lines(count: number): string[] {
    return this.#bytes()
      .toString("utf8")
      .replace(CONTROLS, "")
      .split("\n")
      .filter((line) => line.trim() !== "")
      .slice(-count);
  }

  #bytes(): Buffer {
    const limit = this.#ring.length;
    if (this.#count <= limit) return this.#ring.subarray(0, this.#count);
    const start = this.#count % limit;
    return Buffer.concat([this.#ring.subarray(start), this.#ring.subarray(0, start)]);
  }
}

/**
 * Control sequences of terminals (ECMA-48) and other control characters, C1 and those of writing direction
 * included.
 */
const CONTROLS = /\x1b\[[\d;?]*[A-Za-z]|[^\n\t\P{C}]/gu;
