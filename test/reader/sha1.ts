import type { Hash } from "../../reader/git/hash.ts";

/** SHA-1 (FIPS 180-4, section 6.1) in plain JavaScript, slow: a hash of another make than Node's. */
export class PlainSha1 implements Hash {
  readonly #parts: Buffer[];

  constructor(parts: readonly Buffer[] = []) {
    this.#parts = [...parts];
  }

  update(bytes: Uint8Array | string): PlainSha1 {
    this.#parts.push(Buffer.from(bytes as Uint8Array));
    return this;
  }

  copy(): PlainSha1 {
    return new PlainSha1(this.#parts);
  }

  digest(): Uint8Array {
    const message = Buffer.concat(this.#parts);
    const blocks = Math.ceil((message.length + 9) / 64);
    const padded = Buffer.alloc(blocks * 64);
    padded.set(message);
    padded[message.length] = 0x80;
    padded.writeBigUInt64BE(BigInt(message.length) * 8n, padded.length - 8);
    const state = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0);
    for (let block = 0; block < padded.length; block += 64)
      addBlock(state, padded.subarray(block, block + 64));
    const digest = Buffer.alloc(20);
    state.forEach((word, i) => {
      digest.writeInt32BE(word, i * 4);
    });
    return digest;
  }
}

function addBlock(state: Int32Array, block: Buffer): void {
  const words = new Int32Array(80);
  for (let t = 0; t < 80; t++) {
    words[t] =
      t < 16
        ? block.readInt32BE(t * 4)
        : rotate(words[t - 3]! ^ words[t - 8]! ^ words[t - 14]! ^ words[t - 16]!, 1);
  }
  let [a, b, c, d, e] = state as unknown as [number, number, number, number, number];
  for (let t = 0; t < 80; t++) {
    const [mixed, constant] = round(t, b, c, d);
    const next = (rotate(a, 5) + mixed + e + constant + words[t]!) | 0;
    [a, b, c, d, e] = [next, a, rotate(b, 30), c, d];
  }
  [a, b, c, d, e].forEach((word, i) => {
    state[i]! += word;
  });
}

function round(t: number, b: number, c: number, d: number): [mixed: number, constant: number] {
  if (t < 20) return [(b & c) | (~b & d), 0x5a827999];
  if (t < 40) return [b ^ c ^ d, 0x6ed9eba1];
  if (t < 60) return [(b & c) | (b & d) | (c & d), 0x8f1bbcdc];
  return [b ^ c ^ d, 0xca62c1d6];
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
