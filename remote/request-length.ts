/** Milliseconds: a request that takes longer was too long for the network, and what the next one is to take. */
const SLOW = 1000;
const WANTED = 4000;

/** Bytes of a request at least, and what all are multiples of. */
const UNIT = 64 * 1024;

/**
 * How many bytes a request may be for. A slow network gets short requests, so that each ends long before its
 * deadline although others run beside it, and so that little is lost when one fails.
 */
export class RequestLength {
  readonly #most: number;
  #bytes: number;

  /** @param first bytes of the first requests. @param most bytes of a request at most; multiples of 64 KiB, both. */
  constructor(first: number, most: number) {
    this.#bytes = first;
    this.#most = most;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Takes note of a request for `length` bytes that took so many milliseconds. */
  took(length: number, milliseconds: number): void {
    if (milliseconds > SLOW) {
      const units = Math.floor((length * WANTED) / milliseconds / UNIT);
      this.#bytes = Math.min(this.#bytes, Math.max(1, units) * UNIT);
    } else if (length >= this.#bytes) this.#bytes = Math.min(this.#most, this.#bytes * 2);
  }
}
