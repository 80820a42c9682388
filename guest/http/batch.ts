/** Bytes that are worth a write. */
const FULL = 64 * 1024;

/** Collects small pieces, so that each write has some size. */
export class Batch {
  #pieces: Uint8Array[] = [];
  #length = 0;

  /** Whether it is time for `take`. */
  get isFull(): boolean {
    return this.#length >= FULL;
  }

  /** Adds a piece, which must not change until it is sent. */
  add(piece: Uint8Array): void {
    if (piece.length === 0) return;
    this.#pieces.push(piece);
    this.#length += piece.length;
  }

  /** All that was added since the last call. */
  take(): Uint8Array {
    const all = this.#pieces.length === 1 ? this.#pieces[0]! : Buffer.concat(this.#pieces, this.#length);
    this.#pieces = [];
    this.#length = 0;
    return all;
  }
}
