/** Bytes of the longest copy that git makes by one instruction, less one: a length of two bytes. */
export const LONGEST_COPY = 0xffff;

/** The most literal bytes that one instruction holds. */
const LONGEST_LITERAL = 0x7f;

/** Bytes of the two sizes before the instructions, and of one instruction beyond the most that is asked for. */
const ROOM = 32 + 2 * LONGEST_LITERAL;

/** Writes deltas (git's `pack-format`, "deltified representation"), one after the other, into one buffer. */
export class DeltaWriter {
  #out = new Uint8Array(4096);
  #length = 0;
  #most = 0;

  /** Bytes so far. */
  get length(): number {
    return this.#length;
  }

  /**
   * Begins a delta.
   * @param most its most bytes: what makes it longer returns false.
   */
  start(baseSize: number, targetSize: number, most: number): void {
    if (this.#out.length < most + ROOM) this.#out = new Uint8Array(2 * most + ROOM);
    this.#most = most;
    this.#length = 0;
    this.#size(baseSize);
    this.#size(targetSize);
  }

  /** Adds the bytes of `target` from `from` up to `to`. */
  literals(target: Uint8Array, from: number, to: number): boolean {
    for (let at = from; at < to; at += LONGEST_LITERAL) {
      const end = Math.min(to, at + LONGEST_LITERAL);
      if (this.#length + 1 + end - at > this.#most) return false;
      this.#out[this.#length++] = end - at;
      for (let i = at; i < end; i++) this.#out[this.#length++] = target[i] as number;
    }
    return this.#length <= this.#most;
  }

  /**
   * Adds what the base has at `offset`, below 2^32, `length` bytes, at most `LONGEST_COPY`: a byte that says
   * which bytes of both follow, the others being 0, and these.
   */
  copy(offset: number, length: number): boolean {
    const head = this.#length++;
    let bits = 0x80;
    for (let byte = 0; byte < 4; byte++) {
      const value = (offset >>> (8 * byte)) & 0xff;
      if (value === 0) continue;
      bits |= 0x01 << byte;
      this.#out[this.#length++] = value;
    }
    for (let byte = 0; byte < 2; byte++) {
      const value = (length >>> (8 * byte)) & 0xff;
      if (value === 0) continue;
      bits |= 0x10 << byte;
      this.#out[this.#length++] = value;
    }
    this.#out[head] = bits;
    return this.#length <= this.#most;
  }

  /** The delta, which `start` overwrites. */
  bytes(): Uint8Array {
    return this.#out.subarray(0, this.#length);
  }

  #size(size: number): void {
    let rest = size;
    for (; rest >= 0x80; rest >>>= 7) this.#out[this.#length++] = (rest & 0x7f) | 0x80;
    this.#out[this.#length++] = rest;
  }
}
