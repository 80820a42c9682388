// SHA-1 by its definition (FIPS 180-4, section 6.1), and detection by its own: nothing is left out for speed.
import { type DisturbanceVector, VECTORS } from "../../../../image-builder/verify/sha1dc/vectors.ts";

/** Five words. */
export type State = readonly [number, number, number, number, number];

const INITIAL: State = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0];

export const rotateLeft = (word: number, count: number): number => (word << count) | (word >>> (32 - count));

/** The 80 words of a block. */
export function expandBlock(block: Uint8Array): Int32Array {
  const view = new DataView(block.buffer, block.byteOffset, 64);
  const words = new Int32Array(80);
  for (let t = 0; t < 80; t++) {
    words[t] =
      t < 16
        ? view.getInt32(t * 4)
        : rotateLeft(words[t - 3]! ^ words[t - 8]! ^ words[t - 14]! ^ words[t - 16]!, 1);
  }
  return words;
}

/** What a step adds beside its word and `e`. */
function round(t: number, a: number, b: number, c: number, d: number): number {
  if (t < 20) return rotateLeft(a, 5) + ((b & c) | (~b & d)) + 0x5a827999;
  if (t < 40) return rotateLeft(a, 5) + (b ^ c ^ d) + 0x6ed9eba1;
  if (t < 60) return rotateLeft(a, 5) + ((b & c) ^ (b & d) ^ (c & d)) + 0x8f1bbcdc;
  return rotateLeft(a, 5) + (b ^ c ^ d) + 0xca62c1d6;
}

/** The state after a step. */
export function forward([a, b, c, d, e]: State, t: number, word: number): State {
  return [(round(t, a, b, c, d) + e + word) | 0, a, rotateLeft(b, 30), c, d];
}

/** The state before a step. */
function backward([a, b, c, d, e]: State, t: number, word: number): State {
  const earlierB = rotateLeft(c, 2);
  return [b, earlierB, d, e, (a - round(t, b, earlierB, d, e) - word) | 0];
}

const add = (x: State, y: State): State => x.map((word, i) => (word + y[i]!) | 0) as unknown as State;

/** From the state before one step to the state before another. */
function run(state: State, words: Int32Array, from: number, to: number): State {
  let reached = state;
  for (let t = from; t < to; t++) reached = forward(reached, t, words[t]!);
  for (let t = from - 1; t >= to; t--) reached = backward(reached, t, words[t]!);
  return reached;
}

/** The chaining value after a block. */
export function compress(before: State, words: Int32Array): State {
  return add(before, run(before, words, 0, 80));
}

/** The chaining value after a block's counterpart by a vector. */
export function counterpart(
  before: State,
  words: Int32Array,
  { differences, equalStep }: DisturbanceVector,
): State {
  const equal = run(before, words, 0, equalStep);
  const others = words.map((word, t) => word ^ differences[t]!);
  return add(run(equal, others, equalStep, 0), run(equal, others, equalStep, 80));
}

export interface Reference {
  /** In hexadecimal. */
  readonly digest: string;
  /** The blocks that are part of a collision, from 0, and by which vectors. */
  readonly collisions: readonly { readonly block: number; readonly vector: string }[];
}

/** Hash a message and try each vector upon each block. */
export function reference(message: Uint8Array): Reference {
  const padded = Buffer.alloc(Math.ceil((message.length + 9) / 64) * 64);
  padded.set(message);
  padded[message.length] = 0x80;
  padded.writeBigUInt64BE(8n * BigInt(message.length), padded.length - 8);
  const collisions: { block: number; vector: string }[] = [];
  let chaining = INITIAL;
  for (let block = 0; block < padded.length / 64; block++) {
    const words = expandBlock(padded.subarray(block * 64, block * 64 + 64));
    const before = chaining;
    chaining = compress(before, words);
    for (const vector of VECTORS) {
      if (counterpart(before, words, vector).every((word, i) => word === chaining[i])) {
        collisions.push({ block, vector: vector.name });
      }
    }
  }
  const digest = Buffer.alloc(20);
  chaining.forEach((word, i) => {
    digest.writeInt32BE(word | 0, i * 4);
  });
  return { digest: digest.toString("hex"), collisions };
}
