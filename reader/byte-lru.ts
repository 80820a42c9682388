/**
 * Keeps what was used last, up to a number of bytes; the least recently used goes first. An item larger than half of the
 * capacity is not kept at all, so one giant does not empty the cache.
 */
export class ByteLru<Key, Value> {
  readonly #capacity: number;
  #bytes = 0;
  /** A Map iterates in the order of insertion, so its first key is the least recently used. */
  readonly #items = new Map<Key, { readonly value: Value; readonly bytes: number }>();

  /** @param capacity bytes kept at most; 0 keeps nothing. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get(key: Key): Value | undefined {
    const item = this.#items.get(key);
    if (item === undefined) return undefined;
    this.#items.delete(key);
    this.#items.set(key, item);
    return item.value;
  }

  /** @param bytes what the value counts for. */
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
