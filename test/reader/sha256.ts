import type { Hash } from "../../reader/git/hash.ts";

/** SHA-256 (FIPS 180-4, section 6.2) in plain JavaScript, slow: a hash of another make than Node's. */
export class PlainSha256 implements Hash {
  readonly #parts: Buffer[];

  constructor(parts: readonly Buffer[] = []) {
    this.#parts = [...parts];
  }

  update(bytes: Uint8Array | string): PlainSha256 {
    this.#parts.push(Buffer.from(bytes as Uint8Array));
    return this;
  }

  copy(): PlainSha256 {
    return new PlainSha256(this.#parts);
  }

  digest(): Uint8Array {
    const message = Buffer.concat(this.#parts);
    const padded = Buffer.alloc(Math.ceil((message.length + 9) / 64) * 64);
    padded.set(message);
    padded[message.length] = 0x80;
    padded.writeBigUInt64BE(BigInt(message.length) * 8n, padded.length - 8);
    const state = Int32Array.from(primes(8), (prime) => fraction(Math.sqrt(prime)));
    for (let start = 0; start < padded.length; start += 64) addBlock(state, padded, start);
    const digest = Buffer.alloc(32);
    state.forEach((word, i) => {
      digest.writeInt32BE(word, i * 4);
    });
    return digest;
  }
}

/** The first 32 bits of what is behind the point. A double has 53, of which a root of at most 311 takes 5. */
function fraction(root: number): number {
  return Math.floor((root % 1) * 2 ** 32) | 0;
}

function primes(count: number): number[] {
  const found: number[] = [];
  for (let number = 2; found.length < count; number++) {
    if (found.every((prime) => number % prime !== 0)) found.push(number);
  }
  return found;
}

const CONSTANTS = Int32Array.from(primes(64), (prime) => fraction(Math.cbrt(prime)));
const words = new Int32Array(64);

function addBlock(state: Int32Array, bytes: Buffer, start: number): void {
  for (let t = 0; t < 64; t++) {
    words[t] =
      t < 16
        ? bytes.readInt32BE(start + t * 4)
        : shifted(words[t - 2]!, 17, 19, 10) +
          words[t - 7]! +
          shifted(words[t - 15]!, 7, 18, 3) +
          words[t - 16]!;
  }
  let [a, b, c, d, e, f, g, h] = state as unknown as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  for (let t = 0; t < 64; t++) {
    const one = (h + rotated(e, 6, 11, 25) + ((e & f) ^ (~e & g)) + CONSTANTS[t]! + words[t]!) | 0;
    const two = (rotated(a, 2, 13, 22) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + one) | 0, c, b, a, (one + two) | 0];
  }
  [a, b, c, d, e, f, g, h].forEach((word, i) => {
    state[i]! += word;
  });
}

function rotate(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits));
}

function rotated(word: number, one: number, two: number, three: number): number {
  return rotate(word, one) ^ rotate(word, two) ^ rotate(word, three);
}

function shifted(word: number, one: number, two: number, shift: number): number {
  return rotate(word, one) ^ rotate(word, two) ^ (word >>> shift);
}
