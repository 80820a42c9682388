import { InvalidImageError } from "../errors.ts";
import type { BlockDevice } from "./device.ts";

export interface SectorCacheOptions {
  /** Bytes fetched and kept at a time; a multiple of the sector size. Default: what suits the device. */
  readonly blockSize?: number | undefined;
  /** Bytes kept at most; at least one block is. Default 16 MiB of a device that has a favourite size, otherwise 1 MiB. */
  readonly capacity?: number | undefined;
}

const NO_BLOCK = -1;
const BLOCK_SIZE = 16 * 1024;
const MIB = 1024 * 1024;

/** A device with a favourite size, a machine's disk, is slow to ask; the pages of a file are at hand anyway. */
const DISK_CAPACITY = 16 * MIB;
const FILE_CAPACITY = MIB;

/**
 * Byte ranges out of a device that only gives whole sectors. What was read is kept in blocks of some sectors, the least
 * recently used block gives its memory to the next, and so the cache never takes more than its capacity.
 *
 * A view handed out is good until the next call: after that its memory may hold another block.
 */
export class SectorCache {
  /** Bytes on the device. */
  readonly size: number;
  readonly blockSize: number;
  readonly #device: BlockDevice;
  readonly #blockLimit: number;
  /** A Map iterates in the order of insertion, so its first key is the least recently used block. */
  readonly #blocks = new Map<number, Uint8Array>();
  #lastNumber = NO_BLOCK;
  #lastBlock: Uint8Array = new Uint8Array();

  constructor(device: BlockDevice, options: SectorCacheOptions = {}) {
    const { blockSize = device.optimalIoSize ?? BLOCK_SIZE } = options;
    const { capacity = device.optimalIoSize === undefined ? FILE_CAPACITY : DISK_CAPACITY } = options;
    if (blockSize <= 0 || blockSize % device.sectorSize !== 0) {
      throw new RangeError(
        `a cache block of ${blockSize} bytes is not a number of ${device.sectorSize}-byte sectors`,
      );
    }
    this.#device = device;
    this.size = device.size;
    this.blockSize = blockSize;
    this.#blockLimit = Math.max(1, Math.floor(capacity / blockSize));
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
    if (length === 0) return new Uint8Array();
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
    if (block === undefined) block = this.#fetch(number);
    else this.#blocks.delete(number);
    this.#blocks.set(number, block);
    this.#lastNumber = number;
    this.#lastBlock = block;
    return block;
  }

  #fetch(number: number): Uint8Array {
    const { sectorSize, sectorCount } = this.#device;
    const first = (number * this.blockSize) / sectorSize;
    const sectors = Math.min(this.blockSize / sectorSize, sectorCount - first);
    const block = this.#memory();
    try {
      this.#device.readSectors(first, block.subarray(0, sectors * sectorSize));
    } catch (error) {
      // The memory may be that of the block read last, which it no longer is.
      this.#lastNumber = NO_BLOCK;
      throw error;
    }
    return block;
  }

  #memory(): Uint8Array {
    if (this.#blocks.size < this.#blockLimit) return new Uint8Array(this.blockSize);
    const [number, block] = this.#blocks.entries().next().value as [number, Uint8Array];
    this.#blocks.delete(number);
    return block;
  }
}
