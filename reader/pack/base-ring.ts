import type { Base } from "./base-cache.ts";
import type { MemoryRange } from "./output-buffer.ts";

/** Bytes of a base below which their number is what counts. */
const SMALL = 256;

/**
 * One piece of memory that bases are written to round and round, new over old. Memory taken and dropped for
 * each object would be collected too late: it lies outside the heap whose fullness drives V8's collector, and
 * a reader of many small objects then holds some hundred MB of garbage.
 */
export class BaseRing {
  readonly #capacity: number;
  /** Bases kept at most: a small one takes more memory to be found than it has bytes. */
  readonly #most: number;
  /** The bases by their offset in the PACK, also those of other rings. */
  readonly #kept: Map<number, Base>;
  /** Taken on first use. */
  memory: Uint8Array = new Uint8Array();
  /**
   * What was written, the one to be overwritten next at `#oldest`. A Map is slow to give its first item again
   * and again.
   */
  #written: Base[] = [];
  #oldest = 0;
  #head = 0;

  /** @param capacity bytes. @param kept gets and loses the bases that are kept. */
  constructor(capacity: number, kept: Map<number, Base>) {
    this.#capacity = capacity;
    this.#most = Math.max(16, Math.floor(capacity / SMALL));
    this.#kept = kept;
  }

  /** Whether it has memory for a base of so many bytes beside the one that it is made from. */
  holds(size: number): boolean {
    return size * 3 <= this.#capacity;
  }

  /**
   * The offset in `memory` at which `size` bytes can be written.
   *
   * @param size `holds` it.
   * @param range must not be overwritten; `holds` its size.
   */
  reserve(size: number, range?: MemoryRange): number {
    if (this.memory.length === 0) this.memory = new Uint8Array(this.#capacity);
    if (this.#head + size > this.#capacity) this.#wrap();
    let start = this.#head;
    if (range?.memory === this.memory) {
      const end = range.start + range.size;
      if (range.start < start + size && start < end) start = end;
      if (start + size > this.#capacity) {
        // The range lies near the end then, so a third of the capacity at the beginning does not overlap it.
        this.#wrap();
        start = 0;
      }
    }
    this.#dropUpTo(start + size);
    return start;
  }

  /** Keeps a base that was written to what was reserved last. */
  keep(base: Base): void {
    this.#kept.set(base.offset, base);
    this.#written.push(base);
    if (this.#written.length - this.#oldest > this.#most) this.#dropOldest();
  }

  /** Starts at the beginning again. */
  #wrap(): void {
    this.#dropUpTo(this.#capacity);
    this.#head = 0;
  }

  /**
   * Moves the head, where the next base is written, to `end`, and drops what lay between from the round
   * before.
   */
  #dropUpTo(end: number): void {
    for (let next = this.#written[this.#oldest]; next !== undefined; next = this.#written[this.#oldest]) {
      if (next.start < this.#head || next.start >= end) break;
      this.#dropOldest();
    }
    this.#head = end;
  }

  #dropOldest(): void {
    const oldest = this.#written[this.#oldest++]!;
    // The same one may have been written again since.
    if (this.#kept.get(oldest.offset) === oldest) this.#kept.delete(oldest.offset);
    if (this.#oldest * 2 > this.#written.length) {
      this.#written = this.#written.slice(this.#oldest);
      this.#oldest = 0;
    }
  }
}
