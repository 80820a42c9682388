import { ByteLru } from "../byte-lru.ts";
import { InvalidImageError } from "../errors.ts";
import type { BlockDevice } from "./device.ts";

export interface SectorCacheOptions {
  /** Bytes fetched and kept at a time; a multiple of the sector size. Default 32 KiB. */
  readonly blockSize?: number | undefined;
  /** Bytes kept at most, beside the block read last. Default 4 MiB. */
  readonly capacity?: number | undefined;
}

const BLOCK_SIZE = 32 * 1024;
const CAPACITY = 4 * 1024 * 1024;

/**
 * Byte ranges out of a device that only gives whole sectors. What was read is kept in blocks of some sectors, the least
 * recently used are dropped first, and memory never grows beyond the capacity.
 *
 * A view handed out stays valid: a block's bytes are never written again, dropping one only drops the reference.
 */
export class SectorCache {
  /** Bytes on the device. */
  readonly size: number;
  readonly blockSize: number;
  readonly #device: BlockDevice;
  readonly #blocks: ByteLru<number, Uint8Array>;
  #lastNumber = -1;
  #lastBlock: Uint8Array = new Uint8Array();

  constructor(device: BlockDevice, { blockSize = BLOCK_SIZE, capacity = CAPACITY }: SectorCacheOptions = {}) {
    if (blockSize <= 0 || blockSize % device.sectorSize !== 0) {
      throw new RangeError(
        `a cache block of ${blockSize} bytes is not a number of ${device.sectorSize}-byte sectors`,
      );
    }
    this.#device = device;
    this.size = device.size;
    this.blockSize = blockSize;
    this.#blocks = new ByteLru(capacity);
  }

  /**
   * The bytes from `offset` to the end of the block they lie in, or to `end` if that comes first. Never copies, so it
   * suits a consumer that takes a stream piece by piece.
   */
  piece(offset: number, end: number): Uint8Array {
    this.#check(offset, Math.min(1, end - offset));
    const number = Math.floor(offset / this.blockSize);
    const start = number * this.blockSize;
    return this.#block(number).subarray(offset - start, Math.min(end, this.size) - start);
  }

  /**
   * The `length` bytes at `offset`.
   * @throws {InvalidImageError} fault `device`, if they are not all on the device.
   */
  read(offset: number, length: number): Uint8Array {
    this.#check(offset, length);
    const first = Math.floor(offset / this.blockSize);
    const within = offset - first * this.blockSize;
    if (within + length <= this.blockSize) return this.#block(first).subarray(within, within + length);
    const bytes = new Uint8Array(length);
    for (let done = 0; done < length; ) {
      const piece = this.piece(offset + done, offset + length);
      bytes.set(piece, done);
      done += piece.length;
    }
    return bytes;
  }

  #check(offset: number, length: number): void {
    if (!(offset >= 0 && length >= 0 && offset + length <= this.size)) {
      throw new InvalidImageError("device", `${length} bytes are wanted beyond the end, ${this.size}`, {
        offset,
      });
    }
  }

  #block(number: number): Uint8Array {
    if (number === this.#lastNumber) return this.#lastBlock;
    let block = this.#blocks.get(number);
    if (block === undefined) {
      block = this.#fetch(number);
      this.#blocks.set(number, block, block.length);
    }
    this.#lastNumber = number;
    this.#lastBlock = block;
    return block;
  }

  #fetch(number: number): Uint8Array {
    const { sectorSize, sectorCount } = this.#device;
    const first = (number * this.blockSize) / sectorSize;
    const sectors = Math.min(this.blockSize / sectorSize, sectorCount - first);
    const block = Buffer.allocUnsafeSlow(sectors * sectorSize);
    this.#device.readSectors(first, block);
    return block;
  }
}
