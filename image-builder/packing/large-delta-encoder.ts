// Deltas of large objects, in git's format (`pack-format`, "deltified representation").
import { DeltaWriter, LONGEST_COPY } from "./delta-writer.ts";

/** Bytes of a block: of the base, each is indexed; at each place of the target, one is looked up. */
const BLOCK = 16;

const HASH_BITS = 16;

/** Blocks with the same hash that are tried. */
const TRIES = 8;

/** Bytes of a match that ends the search for a longer one. */
const LONG_ENOUGH = 512;

/** An odd multiplier of the rolling hash, and what a byte counts that leaves it. */
const MULTIPLIER = 0x01000193;
let power = 1;
for (let i = 0; i < BLOCK; i++) power = Math.imul(power, MULTIPLIER);
const LEAVING = power;

/**
 * Makes deltas of large objects, one after the other, as xdelta and git do: blocks of the base are found by a
 * rolling hash, and what follows and precedes one that is alike is copied with it.
 */
export class LargeDeltaEncoder {
  /** By hash: the last block of the base, plus one. */
  readonly #last = new Uint32Array(1 << HASH_BITS);
  /** By block: the one before with the same hash, plus one. */
  #before = new Uint32Array(0);
  readonly #writer = new DeltaWriter();

  /**
   * The delta that makes `target` of `base`, in a buffer that the next call overwrites.
   * @param most the most bytes of the delta.
   * @returns undefined for a longer one.
   */
  encode(base: Uint8Array, target: Uint8Array, most: number): Uint8Array | undefined {
    this.#index(base);
    const writer = this.#writer;
    writer.start(base.length, target.length, most);
    let literals = 0;
    let at = 0;
    let hash = target.length < BLOCK ? 0 : hashOf(target, 0);
    while (at + BLOCK <= target.length) {
      let from = -1;
      let length = BLOCK - 1;
      let block = this.#last[slot(hash)] as number;
      for (let tries = 0; block > 0 && tries < TRIES && length < LONG_ENOUGH; tries++) {
        const start = (block - 1) * BLOCK;
        const couldBeLonger = base[start + length] === target[at + length];
        const alike = couldBeLonger ? commonLength(base, start, target, at) : 0;
        if (alike > length) {
          from = start;
          length = alike;
        }
        block = this.#before[block - 1] as number;
      }
      if (from < 0) {
        if (at + BLOCK < target.length) {
          hash = Math.imul(hash, MULTIPLIER) + (target[at + BLOCK] as number);
          hash = (hash - Math.imul(LEAVING, target[at] as number)) | 0;
        }
        at++;
        if (writer.length + at - literals > most) return undefined;
        continue;
      }
      while (literals < at && from > 0 && base[from - 1] === target[at - 1]) {
        from--;
        at--;
        length++;
      }
      if (!writer.literals(target, literals, at)) return undefined;
      for (let copied = 0; copied < length; copied += LONGEST_COPY) {
        if (!writer.copy(from + copied, Math.min(LONGEST_COPY, length - copied))) return undefined;
      }
      at += length;
      literals = at;
      if (at + BLOCK <= target.length) hash = hashOf(target, at);
    }
    return writer.literals(target, literals, target.length) ? writer.bytes() : undefined;
  }

  #index(base: Uint8Array): void {
    const blocks = Math.floor(base.length / BLOCK);
    if (this.#before.length < blocks) this.#before = new Uint32Array(2 * blocks);
    this.#last.fill(0);
    // The first blocks are found first, as of many that are alike the longest match begins there.
    for (let block = blocks - 1; block >= 0; block--) {
      const place = slot(hashOf(base, block * BLOCK));
      this.#before[block] = this.#last[place] as number;
      this.#last[place] = block + 1;
    }
  }
}

function hashOf(bytes: Uint8Array, at: number): number {
  let hash = 0;
  for (let i = 0; i < BLOCK; i++) hash = (Math.imul(hash, MULTIPLIER) + (bytes[at + i] as number)) | 0;
  return hash;
}

function slot(hash: number): number {
  return Math.imul(hash, 0x9e3779b1) >>> (32 - HASH_BITS);
}

function commonLength(base: Uint8Array, from: number, target: Uint8Array, at: number): number {
  const most = Math.min(base.length - from, target.length - at);
  let length = 0;
  while (length < most && base[from + length] === target[at + length]) length++;
  return length;
}
