import type { Hash, HashFunctions } from "../../../reader/git/hash.ts";
import { BLOCKS, compressBlocks, STATE } from "./kernel.ts";
import { BLOCK } from "./kernel-code.ts";

/** What was hashed carries the marks of a known attack on SHA-1. */
export class CollisionError extends Error {
  override readonly name = "CollisionError";
  constructor() {
    super("SHA-1 collision attack");
  }
}

const INITIAL = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0);

/** Bytes that are compressed at once, whole blocks. */
const ROOM = BLOCKS.length - (BLOCKS.length % BLOCK);

const EMPTY = new Uint8Array(0);

/** A SHA-1 that detects. Many share one kernel, whose memory holds nothing from one call to the next. */
class DetectingSha1 implements Hash {
  readonly #state = Int32Array.from(INITIAL);
  /** Bytes that do not make up a block yet. */
  readonly #rest = new Uint8Array(BLOCK);
  #length = 0;
  #found = false;

  update(data: Uint8Array | string): this {
    const bytes = typeof data === "string" ? Buffer.from(data) : data;
    const held = this.#length % BLOCK;
    this.#length += bytes.length;
    if (held + bytes.length < BLOCK) {
      this.#rest.set(bytes, held);
      return this;
    }
    this.#compress(held, bytes);
    return this;
  }

  /** Compress what is held and bytes, up to the last whole block; hold the rest. */
  #compress(held: number, bytes: Uint8Array): void {
    STATE.set(this.#state);
    BLOCKS.set(held === BLOCK ? this.#rest : this.#rest.subarray(0, held));
    let filled = held;
    let taken = 0;
    while (filled + bytes.length - taken >= BLOCK) {
      const end = Math.min(bytes.length, taken + ROOM - filled);
      BLOCKS.set(bytes.subarray(taken, end), filled);
      filled += end - taken;
      taken = end;
      const blocks = Math.floor(filled / BLOCK);
      if (compressBlocks(blocks)) this.#found = true;
      const start = blocks * BLOCK;
      this.#rest.set(BLOCKS.subarray(start, filled));
      filled -= start;
    }
    this.#rest.set(bytes.subarray(taken), filled);
    this.#state.set(STATE);
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
    const held = this.#length % BLOCK;
    // A bit that is set, zeros, and the length in bits in eight bytes, up to the end of a block.
    const padding = new Uint8Array((held < BLOCK - 8 ? BLOCK : 2 * BLOCK) - held);
    padding[0] = 0x80;
    const view = new DataView(padding.buffer, padding.length - 8);
    view.setUint32(0, Math.floor(this.#length / 2 ** 29));
    view.setUint32(4, (this.#length << 3) >>> 0);
    this.#compress(held, padding);
    if (this.#found) throw new CollisionError();
    const digest = Buffer.alloc(20);
    this.#state.forEach((word, i) => {
      digest.writeInt32BE(word, i * 4);
    });
    return digest;
  }
}

export const SHA1DC: HashFunctions = {
  createHash: () => new DetectingSha1(),
  hash: (_, bytes) => Buffer.from(new DetectingSha1().update(bytes).digest()).toString("latin1"),
};
void EMPTY;
