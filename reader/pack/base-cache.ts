import { BaseRing } from "./base-ring.ts";
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

/** The part of the capacity that is for undeltified objects. */
const UNDELTIFIED_SHARE = 3 / 4;

/** Bytes of a large object's memory that is freed when the object is not needed at the moment. */
const HUGE = 16 * 1024 * 1024;

/**
 * The bases that deltas were built on last, by their offset in the PACK: deltas of one chain come one after
 * the other. It is also the buffer that a base is read into.
 *
 * Undeltified bases have memory apart from those that are deltas: there are few of them, all of whose deltas
 * take an inflated object, while a delta takes little to be made again. In one memory the many would drive
 * out the few: of 10,000 files at random of 32,800 in 150 families, that makes a quarter more to inflate.
 *
 * No caller of the reader gets this memory, so none can change a base under the deltas that build on it.
 */
export class BaseCache extends OutputBuffer {
  readonly #capacity: number;
  readonly #kept = new Map<number, Base>();
  readonly #undeltified: BaseRing;
  readonly #deltas: BaseRing;
  /** That which has the range reserved last; undefined if none has. */
  #ring: BaseRing | undefined;
  readonly #large: [Large, Large] = [nothingLarge(), nothingLarge()];

  /** @param capacity bytes of memory; taken on first use. 0 keeps nothing. */
  constructor(capacity: number) {
    super();
    this.#capacity = capacity;
    const undeltified = Math.floor(capacity * UNDELTIFIED_SHARE);
    this.#undeltified = new BaseRing(undeltified, this.#kept);
    this.#deltas = new BaseRing(capacity - undeltified, this.#kept);
  }

  /** The base that is kept for `offset`, good until the next `reserve` that does not keep its range. */
  get(offset: number): Base | undefined {
    return this.#kept.get(offset) ?? this.#large.find((large) => large.offset === offset)?.base;
  }

  /**
   * Memory for a base. A large one, of more than a third of the memory for its sort, gets memory elsewhere, of
   * which there is enough for two: itself and the base it is made from.
   *
   * @param kept what a delta is built on; without it the base is undeltified.
   */
  override reserve(size: number, kept?: MemoryRange): void {
    const ring = kept === undefined ? this.#undeltified : this.#deltas;
    this.#ring = this.#capacity > 0 && ring.holds(size) ? ring : undefined;
    if (this.#ring === undefined) {
      this.#reserveLarge(size, kept);
      return;
    }
    this.start = ring.reserve(size, kept);
    this.memory = ring.memory;
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
    this.#ring?.keep(base);
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
