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
    for (let start = 0; start < padded.length; start += 64) addBlock(state, padded, start);
    const digest = Buffer.alloc(20);
    state.forEach((word, i) => {
      digest.writeInt32BE(word, i * 4);
    });
    return digest;
  }
}

const CONSTANTS = [0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6];
const words = new Int32Array(80);

function addBlock(state: Int32Array, bytes: Buffer, start: number): void {
  for (let t = 0; t < 80; t++) {
    words[t] =
      t < 16
        ? bytes.readInt32BE(start + t * 4)
        : rotate(words[t - 3]! ^ words[t - 8]! ^ words[t - 14]! ^ words[t - 16]!, 1);
  }
  let a = state[0]!;
  let b = state[1]!;
  let c = state[2]!;
  let d = state[3]!;
  let e = state[4]!;
  for (let t = 0; t < 80; t++) {
    const next = (rotate(a, 5) + mix(t, b, c, d) + e + CONSTANTS[Math.floor(t / 20)]! + words[t]!) | 0;
    e = d;
    d = c;
    c = rotate(b, 30);
    b = a;
    a = next;
  }
  state[0]! += a;
  state[1]! += b;
  state[2]! += c;
  state[3]! += d;
  state[4]! += e;
}

function mix(t: number, b: number, c: number, d: number): number {
  if (t < 20) return (b & c) | (~b & d);
  if (t >= 40 && t < 60) return (b & c) | (b & d) | (c & d);
  return b ^ c ^ d;
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
