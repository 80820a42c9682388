// Deltas of small objects, in git's format (`pack-format`, "deltified representation").
import { DeltaWriter, LONGEST_COPY } from "./delta-writer.ts";

/** Bytes that a copy has at least: it takes up to 5 itself, and deflates worse than text does. */
const SHORTEST_COPY = 7;

/** Bytes whose hash finds where a copy may begin. */
const SEED = 4;

const HASH_BITS = 12;

/** Places of a base with the same hash that are tried. */
const TRIES = 16;

/**
 * Makes deltas of small objects, one after the other, in tables that it uses again. It copies from
 * `SHORTEST_COPY` bytes on, where git's own search needs 16: what small texts have in common is short.
 */
export class SmallDeltaEncoder {
  /** By hash: the last place in the base, plus one. */
  readonly #last = new Uint16Array(1 << HASH_BITS);
  /** By place: the one before with the same hash, plus one. */
  readonly #before = new Uint16Array(LONGEST_COPY + 1);
  readonly #writer = new DeltaWriter();

  /**
   * The delta that makes `target` of `base`, in a buffer that the next call overwrites.
   * @param base less than 64 KiB, as `target`.
   * @param most the most bytes of the delta.
   * @returns undefined for a longer one.
   */
  encode(base: Uint8Array, target: Uint8Array, most: number): Uint8Array | undefined {
    this.#index(base);
    const writer = this.#writer;
    writer.start(base.length, target.length, most);
    let literals = 0;
    let at = 0;
    while (at < target.length) {
      const match = this.#longest(base, target, at);
      if (match.length >= SHORTEST_COPY) {
        // What comes before the match may be alike, too.
        let { from, length } = match;
        while (literals < at && from > 0 && base[from - 1] === target[at - 1]) {
          from--;
          at--;
          length++;
        }
        if (!writer.literals(target, literals, at) || !writer.copy(from, length)) return undefined;
        at += length;
        literals = at;
      } else {
        at++;
      }
      if (writer.length + at - literals > most) return undefined;
    }
    return writer.literals(target, literals, at) ? writer.bytes() : undefined;
  }

  #index(base: Uint8Array): void {
    this.#last.fill(0);
    for (let at = 0; at + SEED <= base.length; at++) {
      const hash = hashAt(base, at);
      this.#before[at] = this.#last[hash] as number;
      this.#last[hash] = at + 1;
    }
  }

  readonly #match = { from: 0, length: 0 };

  #longest(base: Uint8Array, target: Uint8Array, at: number): { from: number; length: number } {
    const best = this.#match;
    best.length = 0;
    if (at + SEED > target.length) return best;
    let place = this.#last[hashAt(target, at)] as number;
    for (let tries = 0; place > 0 && tries < TRIES; tries++) {
      const from = place - 1;
      const end = Math.min(base.length - from, target.length - at);
      if (end > best.length && base[from + best.length] === target[at + best.length]) {
        let length = 0;
        while (length < end && base[from + length] === target[at + length]) length++;
        if (length > best.length) {
          best.from = from;
          best.length = length;
        }
      }
      place = this.#before[from] as number;
    }
    return best;
  }
}

/** Of `SEED` bytes; multiplicative, by the golden ratio. */
function hashAt(bytes: Uint8Array, at: number): number {
  const value =
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24);
  return Math.imul(value, 0x9e3779b1) >>> (32 - HASH_BITS);
}
