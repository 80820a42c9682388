import type { PartClass } from "./part-class.ts";

/**
 * Where objects of a class that come one after the other are split into parts, each of which is packed by
 * itself: larger ones find more deltas, smaller ones spread the work more evenly. Parts do not depend on the
 * machine.
 */
export class PartSize {
  readonly #class: PartClass;
  #bytes = 0;
  #objects = 0;

  constructor(partClass: PartClass) {
    this.#class = partClass;
  }

  /** Counts an object of `size` bytes in. @returns whether the part is full. */
  add(size: number): boolean {
    this.#bytes += size;
    this.#objects++;
    const isFull = this.#bytes >= this.#class.partBytes || this.#objects >= this.#class.partObjects;
    if (isFull) this.#bytes = this.#objects = 0;
    return isFull;
  }
}
