/** The last bytes of a stream: enough to tell what went wrong, bounded whatever is said. */
export class Tail {
  readonly #limit: number;
  #bytes: Buffer = Buffer.alloc(0);

  /** @param limit bytes to keep. */
  constructor(limit = 16 * 1024) {
    this.#limit = limit;
  }

  push(piece: Uint8Array): void {
    this.#bytes = Buffer.concat([this.#bytes, piece]).subarray(-this.#limit);
  }

  /** The last lines, without control characters and the empty ones. */
  lines(count: number): string[] {
    const text = this.#bytes.toString("utf8").replace(/\x1b\[[\d;?]*[A-Za-z]|[^\n\t\x20-\uffff]/g, "");
    return text
      .split("\n")
      .filter((line) => line.trim() !== "")
      .slice(-count);
  }
}
