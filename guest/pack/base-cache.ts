import type { GitObject, ObjectKind } from "../git/object.ts";

interface Kept {
  readonly kind: ObjectKind;
  readonly start: number;
  readonly end: number;
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
  readonly #large: [Uint8Array, Uint8Array] = [new Uint8Array(), new Uint8Array()];

  /** @param capacity bytes of memory; taken on first use. 0 keeps nothing. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** A view of the base that is kept for `offset`, good until the next `allocate`, unless that is told to spare it. */
  get(offset: number): GitObject | undefined {
    const kept = this.#kept.get(offset);
    if (kept === undefined) return undefined;
    return { kind: kept.kind, bytes: this.#memory.subarray(kept.start, kept.end) };
  }

  /**
   * Memory for a base. Too large a one, more than a quarter of the capacity, gets memory elsewhere and is not kept:
   * good until the next but one that is too large.
   *
   * @param size bytes.
   * @param spare a view that must not be overwritten: the base of this base.
   */
  allocate(size: number, spare?: Uint8Array): Uint8Array {
    if (size * 4 > this.#capacity) return this.#allocateLarge(size, spare);
    if (this.#memory.length === 0) this.#memory = new Uint8Array(this.#capacity);
    if (this.#head + size > this.#capacity) this.#wrap();
    let start = this.#head;
    if (spare?.buffer === this.#memory.buffer) {
      const end = spare.byteOffset + spare.byteLength;
      if (spare.byteOffset < start + size && start < end) start = end;
      if (start + size > this.#capacity) {
        // The one to spare lies near the end then, so a quarter of the capacity at the beginning does not reach it.
        this.#wrap();
        start = 0;
      }
    }
    this.#dropUpTo(start + size);
    return this.#memory.subarray(start, start + size);
  }

  /** Keeps the object whose content has been written to the memory allocated last, or to the beginning of it. */
  keep(offset: number, { kind, bytes }: GitObject): void {
    if (bytes.buffer !== this.#memory.buffer) return;
    this.#kept.delete(offset);
    this.#kept.set(offset, { kind, start: bytes.byteOffset, end: bytes.byteOffset + bytes.byteLength });
  }

  /** A chain of large objects needs two at a time, the base and what is made from it, and takes turns with two memories. */
  #allocateLarge(size: number, spare: Uint8Array | undefined): Uint8Array {
    const turn = this.#large[0].buffer === spare?.buffer ? 1 : 0;
    if (this.#large[turn].length < size) this.#large[turn] = Buffer.allocUnsafeSlow(size);
    return this.#large[turn].subarray(0, size);
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
