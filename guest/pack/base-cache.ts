import type { GitObject, ObjectKind } from "../git/object.ts";

interface Kept {
  readonly kind: ObjectKind;
  readonly start: number;
  readonly end: number;
}

/** Memory of its own for one large object, and which one lies there. */
interface Large {
  memory: Uint8Array;
  offset: number | undefined;
  object: GitObject | undefined;
}

/**
 * The bases that deltas were built on last, by their offset in the PACK: deltas of one family come one after the other.
 *
 * All lie in one piece of memory that is written round and round, new over old. Memory taken and dropped for each object
 * would be collected too late: it lies outside the heap whose fullness drives V8's collector, and a reader of many small
 * objects then holds some hundred MB of garbage.
 *
 * What lies here is never given away, so nobody can change a base under the deltas that build on it.
 */
export class BaseCache {
  readonly #capacity: number;
  #memory = new Uint8Array();
  /** In the order of their places, the one to be overwritten next first. */
  readonly #kept = new Map<number, Kept>();
  #head = 0;
  readonly #large: [Large, Large] = [nothingLarge(), nothingLarge()];

  /** @param capacity bytes of memory; taken on first use. 0 keeps nothing. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** A view of the base that is kept for `offset`, good until the next `allocate`, unless that is told to spare it. */
  get(offset: number): GitObject | undefined {
    const kept = this.#kept.get(offset);
    if (kept === undefined) return this.#large.find((large) => large.offset === offset)?.object;
    return { kind: kept.kind, bytes: this.#memory.subarray(kept.start, kept.end) };
  }

  /**
   * Memory for a base. A large one, of more than a third of the capacity, gets memory elsewhere, of which there is enough
   * for two: itself and the base it is made from.
   *
   * @param size bytes.
   * @param spare a view that must not be overwritten: the base of this base.
   */
  allocate(size: number, spare?: Uint8Array): Uint8Array {
    if (size * 3 > this.#capacity) return this.#allocateLarge(size, spare);
    if (this.#memory.length === 0) this.#memory = new Uint8Array(this.#capacity);
    if (this.#head + size > this.#capacity) this.#wrap();
    let start = this.#head;
    if (spare?.buffer === this.#memory.buffer) {
      const end = spare.byteOffset + spare.byteLength;
      if (spare.byteOffset < start + size && start < end) start = end;
      if (start + size > this.#capacity) {
        // The one to spare lies near the end then, so a third of the capacity at the beginning does not reach it.
        this.#wrap();
        start = 0;
      }
    }
    this.#dropUpTo(start + size);
    return this.#memory.subarray(start, start + size);
  }

  /** Keeps the object whose content has been written to the memory allocated last, or to the beginning of it. */
  keep(offset: number, { kind, bytes }: GitObject): void {
    this.#kept.delete(offset);
    for (const large of this.#large) {
      if (large.memory.length > 0 && large.memory.buffer === bytes.buffer) {
        large.offset = offset;
        large.object = { kind, bytes };
      } else if (large.offset === offset) large.offset = undefined;
    }
    if (bytes.buffer !== this.#memory.buffer) return;
    this.#kept.set(offset, { kind, start: bytes.byteOffset, end: bytes.byteOffset + bytes.byteLength });
  }

  #allocateLarge(size: number, spare: Uint8Array | undefined): Uint8Array {
    if (this.#capacity === 0) return Buffer.allocUnsafeSlow(size);
    const turn = this.#large[0].memory.buffer === spare?.buffer ? 1 : 0;
    const large = this.#large[turn];
    large.offset = undefined;
    large.object = undefined;
    if (large.memory.length < size) large.memory = Buffer.allocUnsafeSlow(size);
    return large.memory.subarray(0, size);
  }

  /** Starts at the beginning again. */
  #wrap(): void {
    this.#dropUpTo(this.#capacity);
    this.#head = 0;
  }

  /** Moves the head, where the next base is written, to `end`, and drops what lay between from the round before. */
  #dropUpTo(end: number): void {
    for (const [offset, { start }] of this.#kept) {
      if (start < this.#head || start >= end) break;
      this.#kept.delete(offset);
    }
    this.#head = end;
  }
}

function nothingLarge(): Large {
  return { memory: new Uint8Array(), offset: undefined, object: undefined };
}
