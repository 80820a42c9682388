/** A cache of a number of bytes that evicts the least recently used item first. */
export class ByteLru<Key, Value> {
  readonly #capacity: number;
  readonly #largest: number;
  #bytes = 0;
  /** A Map iterates in the order of insertion, so its first key is the least recently used. */
  readonly #items = new Map<Key, { readonly value: Value; readonly bytes: number }>();

  /**
   * @param capacity in bytes; 0 keeps nothing.
   * @param largest bytes of an item that is kept, at most the capacity. Default: half of it, so that no giant
   * empties the cache.
   */
  constructor(capacity: number, largest = capacity / 2) {
    this.#capacity = capacity;
    this.#largest = largest;
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
    if (bytes > this.#largest || this.#items.has(key)) return;
    this.#items.set(key, { value, bytes });
    this.#bytes += bytes;
    for (const [oldest, item] of this.#items) {
      if (this.#bytes <= this.#capacity) break;
      this.#items.delete(oldest);
      this.#bytes -= item.bytes;
    }
  }
}
