import {
  CAPACITY,
  COUNT_BITS,
  COUNT_MASK,
  KEYS,
  KIND_BITS,
  KIND_MASK,
  LEAF,
  LEAF_PAYLOAD,
  MAX_WORDS,
  NODE4,
  NODE4_CHILDREN,
  NODE16,
  NODE16_CHILDREN,
  NODE48,
  NODE48_CHILDREN,
  NODE256,
  NODE256_CHILDREN,
  TAG_BITS,
  TAG_MASK,
  WORDS,
} from "./art-nodes.ts";
import { GrowingBytes } from "./growing-bytes.ts";

/** The slot of the reference to the root, which is in no node. */
const ROOT = -1;

/** An array that is too small is replaced by one this many times as large as needed. */
const GROWTH = 1.5;

/**
 * An adaptive radix tree: V. Leis, A. Kemper, T. Neumann, "The Adaptive Radix Tree: ARTful Indexing for
 * Main-Memory Databases", ICDE 2013. Nodes of 4, 16, 48 and 256 children, path compression (a node holds the
 * bytes that all its keys share) and lazy expansion (a leaf holds the rest of its key).
 *
 * All nodes are in one array of 32-bit words, so a path costs some tens of bytes and the garbage collector
 * sees two objects, however many paths there are. A reference is a word: the node's index in the array, and
 * its kind in the low three bits; 0 refers to nothing. Prefixes and rests of keys are in a second array,
 * written once and shared: splitting a prefix only moves the bounds of the two halves. `art-nodes.ts` has the
 * format.
 *
 * No key may be a prefix of another; the caller ends each key with a byte that occurs nowhere else in it.
 */
export class Art {
  readonly #payloadSize: number;
  #words = new Uint32Array(1024);
  #bytes = new Uint8Array(this.#words.buffer);
  /** Words in use. Word 0 is left out, so that no node has reference 0. */
  #used = 1;
  #text = new Uint8Array(4096);
  #textUsed = 0;
  #root = 0;
  #size = 0;
  /**
   * Free lists: for each kind the first of the nodes that were replaced by larger ones; its first word names
   * the next.
   */
  readonly #free = new Uint32Array(8);

  /** @param payloadSize bytes that are kept with each key, a multiple of four. */
  constructor(payloadSize: number) {
    this.#payloadSize = payloadSize;
  }

  /** Keys in the tree. */
  get size(): number {
    return this.#size;
  }

  /** Bytes of memory the tree takes. */
  get byteLength(): number {
    return this.#words.byteLength + this.#text.byteLength;
  }

  /**
   * Adds a key, the first `length` bytes of `key`.
   *
   * @param tag a number from 0 to 7 to keep with it.
   * @param payload bytes to keep with it, as many as the constructor was given.
   * @param length at most `MAX_KEY_LENGTH`.
   * @returns false if the tree has the key already; its tag and payload are then replaced.
   * @throws {RangeError} if the tree would need more than 2 GiB.
   */
  insert(key: Uint8Array, length: number, tag: number, payload: Uint8Array): boolean {
    let slot = ROOT;
    let depth = 0;
    for (;;) {
      const reference = this.#at(slot);
      if (reference === 0) {
        this.#put(slot, this.#leaf(key, depth, length, tag, payload));
        break;
      }
      const node = reference >>> KIND_BITS;
      const kind = reference & KIND_MASK;
      const start = this.#words[node] as number;
      const shared = kind === LEAF ? this.#restLength(node) : this.#prefixLength(node);
      const same = this.#compare(key, depth, length, start, shared);
      if (same < shared || (kind === LEAF && depth + same < length)) {
        this.#split(slot, reference, same, key, depth, length, tag, payload);
        break;
      }
      if (kind === LEAF) {
        this.#fill(node, tag, payload);
        return false;
      }
      depth += shared;
      const next = this.#childSlot(node, kind, key[depth] as number);
      if (next === 0) {
        const leaf = this.#leaf(key, depth + 1, length, tag, payload);
        this.#addChild(slot, reference, key[depth] as number, leaf);
        break;
      }
      slot = next;
      depth++;
    }
    this.#size++;
    return true;
  }

  /** The leaf of a key, for `tag` and `payload`; 0 if the tree does not have the key. */
  find(key: Uint8Array, length: number): number {
    let reference = this.#root;
    let depth = 0;
    while (reference !== 0) {
      const node = reference >>> KIND_BITS;
      const kind = reference & KIND_MASK;
      const start = this.#words[node] as number;
      const shared = kind === LEAF ? this.#restLength(node) : this.#prefixLength(node);
      if (this.#compare(key, depth, length, start, shared) < shared) return 0;
      depth += shared;
      if (kind === LEAF) return depth === length ? node : 0;
      if (depth >= length) return 0;
      const slot = this.#childSlot(node, kind, key[depth] as number);
      reference = slot === 0 ? 0 : (this.#words[slot] as number);
      depth++;
    }
    return 0;
  }

  /** The number that was kept with the key of a leaf. */
  tag(leaf: number): number {
    return (this.#words[leaf + 1] as number) & TAG_MASK;
  }

  /** A copy of the bytes that were kept with the key of a leaf. */
  payload(leaf: number): Uint8Array {
    const start = (leaf + LEAF_PAYLOAD) * 4;
    return this.#bytes.slice(start, start + this.#payloadSize);
  }

  /**
   * The leaves of all keys that start with the first `length` bytes of `prefix`, in byte order. Each key is
   * valid until the next is asked for.
   */
  *startingWith(prefix: Uint8Array, length: number): Generator<{ key: Uint8Array; leaf: number }> {
    const path = new GrowingBytes();
    /**
     * References that are still to be read, and for each the length of the key that leads to it and the key's
     * last byte.
     */
    const pending: { reference: number; depth: number; byte: number }[] = [];
    if (this.#root !== 0) pending.push({ reference: this.#root, depth: 0, byte: -1 });
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      const node = next.reference >>> KIND_BITS;
      const kind = next.reference & KIND_MASK;
      const start = this.#words[node] as number;
      const shared = kind === LEAF ? this.#restLength(node) : this.#prefixLength(node);
      if (next.byte >= 0) path.set(next.depth - 1, next.byte);
      const wanted = Math.min(shared, Math.max(0, length - next.depth));
      if (this.#compare(prefix, next.depth, length, start, wanted) < wanted) continue;
      path.write(next.depth, this.#text.subarray(start, start + shared));
      const depth = next.depth + shared;
      if (kind === LEAF) {
        if (depth >= length) yield { key: path.upTo(depth), leaf: node };
        continue;
      }
      if (depth < length) {
        const byte = prefix[depth] as number;
        const slot = this.#childSlot(node, kind, byte);
        if (slot !== 0) pending.push({ reference: this.#words[slot] as number, depth: depth + 1, byte });
        continue;
      }
      const from = pending.length;
      this.#eachChild(node, kind, (byte, reference) => pending.push({ reference, depth: depth + 1, byte }));
      reverse(pending, from);
    }
  }

  /** Frees the memory that was kept for growing. */
  trim(): void {
    this.#words = this.#words.slice(0, this.#used);
    this.#bytes = new Uint8Array(this.#words.buffer);
    this.#text = this.#text.slice(0, this.#textUsed);
  }

  #at(slot: number): number {
    return slot === ROOT ? this.#root : (this.#words[slot] as number);
  }

  #put(slot: number, reference: number): void {
    if (slot === ROOT) this.#root = reference;
    else this.#words[slot] = reference;
  }

  #prefixLength(node: number): number {
    return (this.#words[node + 1] as number) >>> COUNT_BITS;
  }

  #restLength(leaf: number): number {
    return (this.#words[leaf + 1] as number) >>> TAG_BITS;
  }

  #count(node: number): number {
    return (this.#words[node + 1] as number) & COUNT_MASK;
  }

  /** How many of the `length` bytes of text at `start` equal those of the key from `depth` on. */
  #compare(key: Uint8Array, depth: number, keyLength: number, start: number, length: number): number {
    const text = this.#text;
    const most = Math.min(length, keyLength - depth);
    let same = 0;
    while (same < most && text[start + same] === key[depth + same]) same++;
    return same;
  }

  /** The slot of the reference to the child of a key byte; 0 if there is none. */
  #childSlot(node: number, kind: number, byte: number): number {
    if (kind === NODE256) {
      const slot = node + NODE256_CHILDREN + byte;
      return this.#words[slot] === 0 ? 0 : slot;
    }
    const keys = (node + KEYS) * 4;
    if (kind === NODE48) {
      const index = this.#bytes[keys + byte] as number;
      return index === 0 ? 0 : node + NODE48_CHILDREN + index - 1;
    }
    const children = node + (kind === NODE4 ? NODE4_CHILDREN : NODE16_CHILDREN);
    const count = this.#count(node);
    for (let i = 0; i < count; i++) {
      if (this.#bytes[keys + i] === byte) return children + i;
    }
    return 0;
  }

  #eachChild(node: number, kind: number, use: (byte: number, reference: number) => void): void {
    if (kind === NODE4 || kind === NODE16) {
      const children = node + (kind === NODE4 ? NODE4_CHILDREN : NODE16_CHILDREN);
      const count = this.#count(node);
      for (let i = 0; i < count; i++) {
        use(this.#bytes[(node + KEYS) * 4 + i] as number, this.#words[children + i] as number);
      }
      return;
    }
    for (let byte = 0; byte < 256; byte++) {
      const slot = this.#childSlot(node, kind, byte);
      if (slot !== 0) use(byte, this.#words[slot] as number);
    }
  }

  /**
   * Inserts a node of 4 above the node that `slot` refers to, at the first byte in which the new key differs.
   */
  #split(
    slot: number,
    reference: number,
    same: number,
    key: Uint8Array,
    depth: number,
    length: number,
    tag: number,
    payload: Uint8Array,
  ): void {
    const leaf = this.#leaf(key, depth + same + 1, length, tag, payload);
    const parent = this.#allocate(NODE4);
    const node = reference >>> KIND_BITS;
    const start = this.#words[node] as number;
    const oldByte = this.#text[start + same] as number;
    this.#words[parent] = start;
    this.#words[parent + 1] = same << COUNT_BITS;
    this.#words[node] = start + same + 1;
    const step = (same + 1) << ((reference & KIND_MASK) === LEAF ? TAG_BITS : COUNT_BITS);
    this.#words[node + 1] = (this.#words[node + 1] as number) - step;
    this.#put(slot, ((parent << KIND_BITS) | NODE4) >>> 0);
    this.#insertSorted(parent, NODE4_CHILDREN, oldByte, reference);
    this.#insertSorted(parent, NODE4_CHILDREN, key[depth + same] as number, leaf);
  }

  #addChild(slot: number, reference: number, byte: number, child: number): void {
    let node = reference >>> KIND_BITS;
    let kind = reference & KIND_MASK;
    if (kind !== NODE256 && this.#count(node) === CAPACITY[kind]) {
      const grown = this.#grow(node, kind);
      this.#put(slot, grown);
      node = grown >>> KIND_BITS;
      kind = grown & KIND_MASK;
    }
    if (kind === NODE4 || kind === NODE16) {
      this.#insertSorted(node, kind === NODE4 ? NODE4_CHILDREN : NODE16_CHILDREN, byte, child);
      return;
    }
    const count = this.#count(node);
    if (kind === NODE48) {
      this.#bytes[(node + KEYS) * 4 + byte] = count + 1;
      this.#words[node + NODE48_CHILDREN + count] = child;
    } else {
      this.#words[node + NODE256_CHILDREN + byte] = child;
    }
    this.#words[node + 1] = (this.#words[node + 1] as number) + 1;
  }

  #insertSorted(node: number, childrenStart: number, byte: number, child: number): void {
    const keys = (node + KEYS) * 4;
    const children = node + childrenStart;
    const count = this.#count(node);
    let i = count;
    for (; i > 0 && (this.#bytes[keys + i - 1] as number) > byte; i--) {
      this.#bytes[keys + i] = this.#bytes[keys + i - 1] as number;
      this.#words[children + i] = this.#words[children + i - 1] as number;
    }
    this.#bytes[keys + i] = byte;
    this.#words[children + i] = child;
    this.#words[node + 1] = (this.#words[node + 1] as number) + 1;
  }

  /** Moves a full node's children to a node of the next kind. */
  #grow(node: number, kind: number): number {
    const larger = kind + 1;
    const grown = this.#allocate(larger);
    this.#words[grown] = this.#words[node] as number;
    this.#words[grown + 1] = this.#prefixLength(node) << COUNT_BITS;
    const reference = ((grown << KIND_BITS) | larger) >>> 0;
    this.#eachChild(node, kind, (byte, child) => this.#addChild(ROOT, reference, byte, child));
    this.#words[node] = this.#free[kind] as number;
    this.#free[kind] = node;
    return reference;
  }

  #leaf(key: Uint8Array, depth: number, length: number, tag: number, payload: Uint8Array): number {
    const leaf = this.#allocate(LEAF);
    const rest = length - depth;
    this.#words[leaf] = this.#textUsed;
    this.#words[leaf + 1] = rest << TAG_BITS;
    this.#fill(leaf, tag, payload);
    if (this.#textUsed + rest > this.#text.length) {
      const larger = new Uint8Array(Math.ceil((this.#textUsed + rest) * GROWTH));
      larger.set(this.#text);
      this.#text = larger;
    }
    this.#text.set(key.subarray(depth, length), this.#textUsed);
    this.#textUsed += rest;
    return ((leaf << KIND_BITS) | LEAF) >>> 0;
  }

  #fill(leaf: number, tag: number, payload: Uint8Array): void {
    this.#words[leaf + 1] = (((this.#words[leaf + 1] as number) & ~TAG_MASK) | tag) >>> 0;
    this.#bytes.set(payload, (leaf + LEAF_PAYLOAD) * 4);
  }

  #allocate(kind: number): number {
    const words = (WORDS[kind] as number) + (kind === LEAF ? this.#payloadSize / 4 : 0);
    const free = this.#free[kind] as number;
    if (free !== 0) {
      this.#free[kind] = this.#words[free] as number;
      this.#words.fill(0, free, free + words);
      return free;
    }
    const node = this.#used;
    if (node + words > MAX_WORDS) throw new RangeError("an adaptive radix tree holds at most 2 GiB of nodes");
    if (node + words > this.#words.length) {
      const larger = new Uint32Array(Math.min(MAX_WORDS, Math.ceil((node + words) * GROWTH)));
      larger.set(this.#words);
      this.#words = larger;
      this.#bytes = new Uint8Array(larger.buffer);
    }
    this.#used += words;
    return node;
  }
}

function reverse<Item>(items: Item[], from: number): void {
  for (let low = from, high = items.length - 1; low < high; low++, high--) {
    [items[low], items[high]] = [items[high] as Item, items[low] as Item];
  }
}
