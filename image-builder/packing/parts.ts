/**
 * Bytes of content in a part, and objects. Larger parts find more deltas, smaller ones spread the work more
 * evenly.
 */
const PART_BYTES = 64 * 1024 * 1024;
const PART_OBJECTS = 100_000;

/**
 * Where objects that come one after the other are split into parts, each of which a git packs. Parts do not
 * depend on the machine.
 */
export class PartSize {
  #bytes = 0;
  #objects = 0;

  /** Counts an object of `size` bytes in. @returns whether the part is full. */
  add(size: number): boolean {
    this.#bytes += size;
    this.#objects++;
    const isFull = this.#bytes >= PART_BYTES || this.#objects >= PART_OBJECTS;
    if (isFull) this.#bytes = this.#objects = 0;
    return isFull;
  }
}
