import { InvalidImageError } from "../errors.ts";
import { BLOCK_HEADER, COUNT_AT, LONGEST_KEY, RESTART_INTERVAL, TAG_BITS, TAG_MASK } from "./format.ts";

/**
 * Goes through the items of a block in the order of their keys. What it shows of an item is good until it
 * goes to another.
 */
export abstract class BlockCursor {
  /** Its first `keyLength` bytes are the present key. */
  readonly key: Uint8Array = new Uint8Array(LONGEST_KEY);
  keyLength = 0;
  /** The present item's. */
  tag = 0;
  index = 0;
  /** Items in the block. */
  count = 0;
  protected bytes: Uint8Array = new Uint8Array();
  /** Where the present item's payload begins, and once that is read, the next item. */
  protected position = 0;
  /** The key of the first item, on which those at restarts build. */
  readonly #first = new Uint8Array(LONGEST_KEY);
  #firstLength = 0;
  /** Bytes that the present key has in common with the one that it builds on. */
  #shared = 0;

  /** The block that it goes through. */
  get block(): Uint8Array {
    return this.bytes;
  }

  /** Goes to the first item of a block. @throws {InvalidImageError} fault `layout`. */
  enter(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.count = ((bytes[COUNT_AT] as number) << 8) | (bytes[COUNT_AT + 1] as number);
    if (this.count === 0 || BLOCK_HEADER + 2 * this.#restarts > bytes.length) throw malformed();
    if (this.#restartAt(0) !== BLOCK_HEADER) throw malformed();
    this.#firstLength = 0;
    this.#restart(0);
    copy(this.key, 0, this.#first, 0, this.keyLength);
    this.#firstLength = this.keyLength;
  }

  /**
   * Goes to the next item, whose key comes after this one; false if there is none.
   * @throws {InvalidImageError} fault `layout`.
   */
  next(): boolean {
    if (this.index + 1 >= this.count) return false;
    const index = this.index + 1;
    if (index % RESTART_INTERVAL === 0) {
      const before = this.key.slice(0, this.keyLength);
      const end = this.position;
      const restart = index / RESTART_INTERVAL;
      if (this.#restartAt(restart) !== end) throw malformed();
      this.#restart(restart);
      if (this.compare(before, before.length) <= 0) throw malformed();
    } else {
      this.index = index;
      this.#readItem(this.key, this.keyLength, false);
    }
    return true;
  }

  /** Goes to an item. @param index from 0 to `count - 1`. @throws {InvalidImageError} fault `layout`. */
  goTo(index: number): void {
    const restart = Math.floor(index / RESTART_INTERVAL);
    if (index < this.index || restart > Math.floor(this.index / RESTART_INTERVAL)) this.#restart(restart);
    while (this.index < index) this.next();
  }

  /**
   * Goes to the first item whose key is not before this one, or to the last item.
   * @returns below zero, zero or above as the item's key is before, is or is after this one.
   * @throws {InvalidImageError} fault `layout`.
   */
  seek(key: Uint8Array, length: number): number {
    let low = 0;
    let high = this.#restarts;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      this.#restart(middle);
      if (this.compare(key, length) <= 0) low = middle;
      else high = middle;
    }
    if (this.index !== low * RESTART_INTERVAL) this.#restart(low);
    // What the wanted key has in common with the present one tells of most keys that follow whether they are
    // before it: one that differs from the present one further on is, one that differs earlier is not.
    let common = this.#common(0, key, length);
    let difference = this.#difference(common, key, length);
    while (difference < 0 && this.next()) {
      if (this.index % RESTART_INTERVAL === 0) common = this.#common(0, key, length);
      else if (this.#shared > common) continue;
      else if (this.#shared < common) return 1;
      else common = this.#common(common, key, length);
      difference = this.#difference(common, key, length);
    }
    return difference;
  }

  /** Below zero, zero or above as the present key is before, is or is after this one. */
  compare(key: Uint8Array, length: number): number {
    return this.#difference(this.#common(0, key, length), key, length);
  }

  /** Whether the present key begins with these bytes. */
  startsWith(bytes: Uint8Array, length: number): boolean {
    return this.#common(0, bytes, length) === length;
  }

  /** Reads the payload that begins at `position`, and leaves that at its end. */
  protected abstract readPayload(isRestart: boolean): void;

  /** Reads what `writeVarint` writes at `position`. @throws {InvalidImageError} fault `layout`. */
  protected readVarint(): number {
    const { bytes } = this;
    let byte = bytes[this.position++] as number;
    let value = byte & 0x7f;
    for (let factor = 0x80; byte >= 0x80; factor *= 0x80) {
      byte = bytes[this.position++] as number;
      value += (byte & 0x7f) * factor;
      if (value > Number.MAX_SAFE_INTEGER) throw malformed();
    }
    // Beyond the block there is nothing, which is no number.
    if (this.position > bytes.length) throw malformed();
    return value;
  }

  get #restarts(): number {
    return Math.ceil(this.count / RESTART_INTERVAL);
  }

  /** Where the first item after a restart begins. */
  #restartAt(restart: number): number {
    const { bytes } = this;
    const at = bytes.length - 2 * (restart + 1);
    return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
  }

  #restart(restart: number): void {
    this.position = this.#restartAt(restart);
    this.index = restart * RESTART_INTERVAL;
    this.#readItem(this.#first, this.#firstLength, true);
  }

  /** Reads the item at `position`. @param from the key of `fromLength` bytes that its own builds on. */
  #readItem(from: Uint8Array, fromLength: number, isRestart: boolean): void {
    const { bytes, key } = this;
    const head = bytes[this.position++] as number;
    const ends = head >> TAG_BITS;
    const shared = this.readVarint();
    const middle = this.readVarint();
    const length = shared + middle + ends;
    if (shared > fromLength || ends > fromLength || length > LONGEST_KEY) throw malformed();
    // Keys rise: the first byte that differs is greater than that of the item before.
    const before = shared < fromLength ? (from[shared] as number) : -1;
    // Loops, since most parts are of a few bytes. The end moves first: the middle may lie where it was.
    copy(from, fromLength - ends, key, shared + middle, ends);
    if (isRestart) copy(from, 0, key, 0, shared);
    copy(bytes, this.position, key, shared, middle);
    if (!isRestart && (shared === length || (key[shared] as number) <= before)) throw malformed();
    this.position += middle;
    this.tag = head & TAG_MASK;
    this.keyLength = length;
    this.#shared = shared;
    this.readPayload(isRestart);
    if (this.position > bytes.length) throw malformed();
  }

  #common(start: number, key: Uint8Array, length: number): number {
    const most = Math.min(this.keyLength, length);
    let common = start;
    while (common < most && this.key[common] === key[common]) common++;
    return common;
  }

  #difference(common: number, key: Uint8Array, length: number): number {
    if (common === this.keyLength || common === length) return this.keyLength - length;
    return (this.key[common] as number) - (key[common] as number);
  }
}

/** Copies bytes, also to where they overlap. */
function copy(from: Uint8Array, start: number, to: Uint8Array, at: number, length: number): void {
  if (start < at) for (let i = length - 1; i >= 0; i--) to[at + i] = from[start + i] as number;
  else for (let i = 0; i < length; i++) to[at + i] = from[start + i] as number;
}

/** The fault of a block that a checksum says is as it was written, and yet is none. */
export function malformed(): InvalidImageError {
  return new InvalidImageError("layout", "the layout has a malformed block");
}
