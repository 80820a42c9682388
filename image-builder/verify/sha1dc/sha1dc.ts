// SHA-1 that detects the known attacks on it, after Marc Stevens, "Counter-cryptanalysis" (CRYPTO 2013): of two
// colliding messages one is enough. A block of an attack differs from its counterpart by a disturbance vector,
// and both states are the same in the middle; so the counterpart is computed from the block, and if it comes to
// the same chaining value, the block is part of a collision. Unavoidable conditions (see conditions.ts) tell
// which vectors are worth the computation: one for about every twentieth block.
import type { Hash, HashFunctions } from "../../../reader/git/hash.ts";
import { NODE_PLATFORM } from "../../../reader/node-platform.ts";
import { CollisionError } from "./collision-error.ts";
import { BLOCKS, compressBlocks, STATE } from "./kernel.ts";
import { BLOCK } from "./kernel-code.ts";

/** FIPS 180-4, section 5.3.1. */
const INITIAL = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0);

/** Bytes of the length of the message, in bits, that end the last block. */
const LENGTH_BYTES = 8;

/** A hash. All share the kernel's memory, which holds nothing of theirs between two calls. */
class DetectingSha1 implements Hash {
  readonly #state = Int32Array.from(INITIAL);
  /** Bytes that do not make up a block yet. */
  readonly #rest = new Uint8Array(BLOCK);
  #length = 0;
  #found = false;

  update(data: Uint8Array | string): this {
    const bytes = typeof data === "string" ? Buffer.from(data) : data;
    let held = this.#length % BLOCK;
    let taken = 0;
    this.#length += bytes.length;
    if (held + bytes.length >= BLOCK) {
      STATE.set(this.#state);
      BLOCKS.set(this.#rest.subarray(0, held));
      while (held + bytes.length - taken >= BLOCK) {
        const piece = bytes.subarray(taken, taken + BLOCKS.length - held);
        BLOCKS.set(piece, held);
        taken += piece.length;
        const filled = held + piece.length;
        held = filled % BLOCK;
        if (compressBlocks((filled - held) / BLOCK)) this.#found = true;
        BLOCKS.copyWithin(0, filled - held, filled);
      }
      this.#state.set(STATE);
      this.#rest.set(BLOCKS.subarray(0, held));
    }
    this.#rest.set(bytes.subarray(taken), held);
    return this;
  }

  copy(): DetectingSha1 {
    const copy = new DetectingSha1();
    copy.#state.set(this.#state);
    copy.#rest.set(this.#rest);
    copy.#length = this.#length;
    copy.#found = this.#found;
    return copy;
  }

  /** @throws {CollisionError} when what was hashed carries the marks of an attack. */
  digest(): Uint8Array {
    // A set bit, zeros, and the length up to the end of a block.
    const zeros = BLOCK - 1 - ((this.#length + LENGTH_BYTES) % BLOCK);
    const padding = Buffer.alloc(1 + zeros + LENGTH_BYTES);
    padding[0] = 0x80;
    padding.writeUInt32BE(Math.floor(this.#length / 2 ** 29), 1 + zeros);
    padding.writeUInt32BE((this.#length << 3) >>> 0, 1 + zeros + 4);
    this.update(padding);
    const digest = Buffer.alloc(this.#state.byteLength);
    this.#state.forEach((word, i) => {
      digest.writeInt32BE(word, i * 4);
    });
    if (this.#found) throw new CollisionError(digest);
    return digest;
  }
}

/**
 * Node's hash functions, but with a SHA-1 that throws a `CollisionError` for what carries the marks of a known
 * attack. Where the processor has instructions for SHA-1, it has a quarter of the speed of Node's.
 */
export const SHA1DC: HashFunctions = {
  createHash: (algorithm) =>
    algorithm === "sha1" ? new DetectingSha1() : NODE_PLATFORM.createHash(algorithm),
  hash: (algorithm, bytes) => {
    const digest = SHA1DC.createHash(algorithm).update(bytes).digest();
    return Buffer.from(digest.buffer, digest.byteOffset, digest.length).toString("latin1");
  },
};
