import { free } from "./free.ts";
import { type DecodedObject, type MemoryRange, OutputBuffer } from "./output-buffer.ts";

/** An object that deltas are built on. */
export interface Base extends DecodedObject {
  /** Of its entry in the PACK. */
  readonly offset: number;
}

/** Memory of its own for one large object, and the object that lies there. */
interface Large {
  memory: Uint8Array;
  offset: number;
  base: Base | undefined;
}

const NOWHERE = -1;

/** Bytes of a base below which their number is what counts. */
const SMALL = 256;

/** Bytes of a large object's memory that is freed when the object is not needed at the moment. */
const HUGE = 16 * 1024 * 1024;

/**
 * The bases that deltas were built on last, by their offset in the PACK: deltas of one chain come one after
 * the other. It is also the buffer that a base is read into.
 *
 * All lie in one piece of memory that is written round and round, new over old. Memory taken and dropped for
 * each object would be collected too late: it lies outside the heap whose fullness drives V8's collector, and
 * a reader of many small objects then holds some hundred MB of garbage.
 *
 * No caller of the reader gets this memory, so none can change a base under the deltas that build on it.
 */
export class BaseCache extends OutputBuffer {
  readonly #capacity: number;
  /** Bases kept at most: a small one takes more memory to be found than it has bytes. */
  readonly #most: number;
  #ring: Uint8Array = new Uint8Array();
  readonly #kept = new Map<number, Base>();
  /**
   * What was written to the ring, the one to be overwritten next at `#oldest`. A Map is slow to give its
   * first item again and again.
   */
  #written: Base[] = [];
  #oldest = 0;
  #head = 0;
  readonly #large: [Large, Large] = [nothingLarge(), nothingLarge()];

  /** @param capacity bytes of memory; taken on first use. 0 keeps nothing. */
  constructor(capacity: number) {
    super();
    this.#capacity = capacity;
    this.#most = Math.max(16, Math.floor(capacity / SMALL));
  }

  /** The base that is kept for `offset`, good until the next `reserve` that does not keep its range. */
  get(offset: number): Base | undefined {
    return this.#kept.get(offset) ?? this.#large.find((large) => large.offset === offset)?.base;
  }

  /**
   * Memory for a base. A large one, of more than a third of the capacity, gets memory elsewhere, of which
   * there is enough for two: itself and the base it is made from.
   */
  override reserve(size: number, kept?: MemoryRange): void {
    if (size * 3 > this.#capacity) {
      this.#reserveLarge(size, kept);
      return;
    }
    if (this.#ring.length === 0) this.#ring = new Uint8Array(this.#capacity);
    if (this.#head + size > this.#capacity) this.#wrap();
    let start = this.#head;
    if (kept?.memory === this.#ring) {
      const end = kept.start + kept.size;
      if (kept.start < start + size && start < end) start = end;
      if (start + size > this.#capacity) {
        // The kept range lies near the end then, so a third of the capacity at the beginning does not overlap
        // it.
        this.#wrap();
        start = 0;
      }
    }
    this.#dropUpTo(start + size);
    this.memory = this.#ring;
    this.start = start;
  }

  /** Keeps the object that was read last; its entry is at `offset` in the PACK. */
  keep(offset: number): Base {
    const { memory, start, size, kind, depth, work } = this;
    const base = { memory, start, size, offset, kind, depth, work };
    this.#kept.delete(offset);
    for (const large of this.#large) {
      if (large.memory === memory) {
        large.offset = offset;
        large.base = base;
      } else if (large.offset === offset) large.offset = NOWHERE;
    }
    if (memory === this.#ring) {
      this.#kept.set(offset, base);
      this.#written.push(base);
      if (this.#written.length - this.#oldest > this.#most) this.#dropOldest();
    }
    return base;
  }

  /**
   * Frees the memory of huge objects, except that of a range: an object that is read to other memory needs
   * it.
   *
   * @param most bytes of an object's memory that is not freed.
   */
  dropHuge(kept?: MemoryRange, most = HUGE): void {
    for (const large of this.#large) if (large.memory !== kept?.memory) empty(large, most);
  }

  #reserveLarge(size: number, kept: MemoryRange | undefined): void {
    this.start = 0;
    if (this.#capacity === 0) {
      this.memory = Buffer.allocUnsafeSlow(size);
      return;
    }
    const large = this.#large[this.#large[0].memory === kept?.memory ? 1 : 0];
    large.offset = NOWHERE;
    large.base = undefined;
    if (large.memory.length < size) {
      empty(large, 0);
      large.memory = Buffer.allocUnsafeSlow(size);
    }
    this.memory = large.memory;
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

function nothingLarge(): Large {
  return { memory: new Uint8Array(), offset: NOWHERE, base: undefined };
}

/** Frees memory of more than `size` bytes. */
function empty(large: Large, size: number): void {
  if (large.memory.length <= size) return;
  free(large.memory);
  Object.assign(large, nothingLarge());
}
