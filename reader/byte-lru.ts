/**
 * A cache of a number of bytes that evicts the least recently used item first. It does not keep an item
 * larger than half of the capacity, so one giant does not empty it.
 */
export class ByteLru<Key, Value> {
  readonly #capacity: number;
  #bytes = 0;
  /** A Map iterates in the order of insertion, so its first key is the least recently used. */
  readonly #items = new Map<Key, { readonly value: Value; readonly bytes: number }>();

  /** @param capacity in bytes; 0 keeps nothing. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** The value of a key, which then counts as used last; undefined if it is not in the cache. */
  get(key: Key): Value | undefined {
    const item = this.#items.get(key);
    if (item === undefined) return undefined;
    this.#items.delete(key);
    this.#items.set(key, item);
    return item.value;
  }

  /** Adds a value, unless the key has one. @param bytes size of the value, with its overhead. */
  set(key: Key, value: Value, bytes: number): void {
    if (bytes * 2 > this.#capacity || this.#items.has(key)) return;
    this.#items.set(key, { value, bytes });
    this.#bytes += bytes;
    for (const [oldest, item] of this.#items) {
      if (this.#bytes <= this.#capacity) break;
      this.#items.delete(oldest);
      this.#bytes -= item.bytes;
    }
  }
}
