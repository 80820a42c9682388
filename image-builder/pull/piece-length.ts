/** Bytes of a request: the first ones, and the bounds. */
const FIRST = 256 * 1024;
const LEAST = 64 * 1024;
const MOST = 2 * 1024 * 1024;

/** Milliseconds: a request that takes less is too short, one that takes more is too long. */
const SHORT = 1000;
const LONG = 5000;

/**
 * How many bytes a request is for. A fast network gets few long requests. A slow one gets short requests, so
 * that each ends long before its deadline, progress is seen, and little is lost when the download ends early.
 */
export class PieceLength {
  #bytes = FIRST;

  get bytes(): number {
    return this.#bytes;
  }

  /** Takes note of a request of `length` bytes that took so many milliseconds. */
  took(length: number, milliseconds: number): void {
    // Several run at once: one that began before the length changed says nothing about the new one.
    if (length !== this.#bytes) return;
    if (milliseconds < SHORT) this.#bytes = Math.min(MOST, length * 2);
    else if (milliseconds > LONG) this.#bytes = Math.max(LEAST, length / 2);
  }
}
