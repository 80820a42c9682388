import type { SectorCache } from "../block/sector-cache.ts";
import { ByteLru } from "../byte-lru.ts";
import { InvalidImageError } from "../errors.ts";
import type { ObjectFormat } from "../git/object-format.ts";
import { crc32 } from "../node-platform.ts";
import { BLOCK_HEADER, BLOCK_SIZE } from "./format.ts";

/** Bytes that a block takes beyond its own. */
const OVERHEAD = 128;

/** The blocks of a layout by their numbers, each with its checksum verified; keeps some. */
export class LayoutBlocks {
  readonly count: number;
  readonly #cache: SectorCache;
  readonly #offset: number;
  readonly #length: number;
  readonly #format: ObjectFormat;
  readonly #kept: ByteLru<number, Uint8Array>;
  /** The hashes of blocks that were verified. */
  readonly #verified = new Map<number, string>();

  /**
   * @param offset byte offset of the section in the image.
   * @param length its bytes.
   * @param capacity bytes of blocks to keep.
   */
  constructor(cache: SectorCache, offset: number, length: number, format: ObjectFormat, capacity: number) {
    this.count = Math.ceil(length / BLOCK_SIZE);
    this.#cache = cache;
    this.#offset = offset;
    this.#length = length;
    this.#format = format;
    this.#kept = new ByteLru(capacity);
  }

  /**
   * A block, good for as long as it is wanted.
   * @throws {InvalidImageError} faults `layout`, `device`.
   */
  read(number: number): Uint8Array {
    const kept = this.#kept.get(number);
    if (kept !== undefined) return kept;
    if (!(number >= 0 && number < this.count)) throw this.#fault("the layout lacks a block", 0);
    const at = number * BLOCK_SIZE;
    const length = Math.min(BLOCK_SIZE, this.#length - at);
    const block = new Uint8Array(this.#cache.read(this.#offset + at, length));
    const verified = this.#verified.get(number);
    const isRight = verified === undefined ? hasChecksum(block) : this.#format.hash(block) === verified;
    if (!isRight) throw this.#fault("a block of the layout is damaged", at);
    this.#kept.set(number, block, length + OVERHEAD);
    return block;
  }

  /**
   * Notes that a block, as it was read, says what is true: from now on it may not be another.
   * @throws {InvalidImageError} fault `layout`, if it has been read as another.
   */
  verify(number: number, block: Uint8Array): void {
    const hash = this.#format.hash(block);
    const before = this.#verified.get(number) ?? this.#format.hash(this.read(number));
    if (before !== hash) throw this.#fault("a block of the layout changes", number * BLOCK_SIZE);
    this.#verified.set(number, hash);
  }

  #fault(what: string, at: number): InvalidImageError {
    return new InvalidImageError("layout", what, { offset: this.#offset + at });
  }
}

function hasChecksum(block: Uint8Array): boolean {
  if (block.length < BLOCK_HEADER) return false;
  const { buffer, byteOffset, byteLength } = block;
  return new DataView(buffer, byteOffset, byteLength).getUint32(0) === crc32(block.subarray(4));
}
