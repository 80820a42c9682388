import { InvalidImageError } from "../errors.ts";
import type { BlockDevice } from "./device.ts";

export interface SectorCacheOptions {
  /** Bytes fetched and kept at a time; a multiple of the sector size. Default: what suits the device. */
  readonly blockSize?: number | undefined;
  /**
   * Bytes kept at most; two blocks at least. Default 16 MiB of a device that has a favourite size, otherwise
   * 1 MiB.
   */
  readonly capacity?: number | undefined;
}

const NO_BLOCK = -1;
const BLOCK_SIZE = 4 * 1024;
const MIB = 1024 * 1024;

/**
 * A device with a favourite size, a machine's disk, is slow to ask; the pages of a file are in memory anyway.
 */
const DISK_CAPACITY = 16 * MIB;
const FILE_CAPACITY = MIB;

/** Pieces are cut at multiples of so many bytes. */
const PIECE_SIZE = 64 * 1024;

/**
 * Bytes that are contiguous in memory wherever they lie: enough for an id, and for the header of an entry.
 */
const ALWAYS_CONTIGUOUS = 64;

/**
 * Where in the memory of a cache some bytes of the device lie: from `start` to `end`. Good until the next
 * call.
 */
export class Window {
  start = 0;
  end = 0;
}

/**
 * Reads byte ranges of a device, which has whole sectors only. Keeps what it reads in blocks of some sectors.
 * Each block has one slot, block `n` the slot `n` modulo the number of slots: to find one takes no search,
 * and blocks that follow one another on the device follow one another in memory.
 *
 * What it returns is good until the next call: after that the memory may hold another block.
 */
export class SectorCache {
  /** Bytes on the device. */
  readonly size: number;
  readonly blockSize: number;
  /** Holds the blocks; see `window`. */
  readonly memory: Uint8Array;
  readonly #device: BlockDevice;
  /** The number of the block in each slot. */
  readonly #numbers: Float64Array;
  /** For `piece` and `read`. */
  readonly #window = new Window();

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
    const blocks = Math.max(1, Math.ceil(device.size / blockSize));
    const slots = Math.min(Math.max(2, Math.floor(capacity / blockSize)), blocks);
    this.#numbers = new Float64Array(slots).fill(NO_BLOCK);
    // Not zeroed, which would take its pages before there is anything in them.
    this.memory = new Uint8Array(Buffer.allocUnsafeSlow(slots * blockSize + ALWAYS_CONTIGUOUS).buffer);
  }

  /**
   * Loads the bytes at `offset` into `memory`, and sets `into` to where they lie there. Up to 64 bytes are
   * all in the window; of more, at least one. The window also has the bytes after them that are in memory, so
   * it may be longer.
   *
   * @throws {InvalidImageError} fault `device`, if they are not all on the device.
   */
  window(offset: number, length: number, into: Window): void {
    if (!(offset >= 0 && length >= 0 && offset + length <= this.size)) throw this.#beyond(offset, length);
    const { blockSize } = this;
    const first = Math.floor(offset / blockSize);
    const slot = first % this.#numbers.length;
    const within = offset - first * blockSize;
    const blocks = Math.ceil((within + length) / blockSize);
    const isLoaded = blocks === 1 && this.#numbers[slot] === first;
    const end = isLoaded ? (slot + 1) * blockSize : this.#loadContiguous(first, slot, blocks, length);
    const start = slot * blockSize + within;
    into.start = start;
    into.end = Math.min(end, start + this.size - offset);
  }

  /** Loads the blocks that are contiguous in memory, and returns the offset there at which they end. */
  #loadContiguous(first: number, slot: number, blocks: number, length: number): number {
    const contiguous = Math.min(blocks, this.#numbers.length - slot);
    this.#load(first, slot, contiguous);
    const end = (slot + contiguous) * this.blockSize;
    if (contiguous === blocks || length > ALWAYS_CONTIGUOUS) return end;
    this.#load(first + contiguous, 0, 1);
    this.memory.copyWithin(end, 0, ALWAYS_CONTIGUOUS);
    return end + ALWAYS_CONTIGUOUS;
  }

  /**
   * Bytes from `offset` on, to `end` or to the next multiple of 64 KiB at most; fewer if they are not
   * contiguous in memory. Never copies, so it suits a consumer that takes a stream piece by piece.
   */
  piece(offset: number, end: number): Uint8Array {
    const available = Math.min(PIECE_SIZE - (offset % PIECE_SIZE), end - offset, this.size - offset);
    const window = this.#window;
    // At least one byte must be on the device, unless none is wanted.
    this.window(offset, Math.max(available, Math.min(1, end - offset)), window);
    return this.memory.subarray(window.start, Math.min(window.end, window.start + end - offset));
  }

  /**
   * The `length` bytes at `offset`.
   * @throws {InvalidImageError} fault `device`, if they are not all on the device.
   */
  read(offset: number, length: number): Uint8Array {
    this.window(offset, length, this.#window);
    const { start, end } = this.#window;
    if (end - start >= length) return this.memory.subarray(start, start + length);
    const bytes = new Uint8Array(length);
    for (let done = 0; done < length; ) {
      const piece = this.piece(offset + done, offset + length);
      bytes.set(piece, done);
      done += piece.length;
    }
    return bytes;
  }

  /** Loads blocks into slots that follow one another; reads each run of missing ones at once. */
  #load(first: number, slot: number, count: number): void {
    const numbers = this.#numbers;
    for (let i = 0; i < count; ) {
      let missing = 0;
      while (i + missing < count && numbers[slot + i + missing] !== first + i + missing) missing++;
      if (missing > 0) this.#fetch(first + i, slot + i, missing);
      i += missing + 1;
    }
  }

  #fetch(first: number, slot: number, count: number): void {
    const { sectorSize, sectorCount } = this.#device;
    const sectorsInBlock = this.blockSize / sectorSize;
    const sectors = Math.min(count * sectorsInBlock, sectorCount - first * sectorsInBlock);
    const start = slot * this.blockSize;
    // Until the read succeeds, the slots hold no block.
    this.#numbers.fill(NO_BLOCK, slot, slot + count);
    this.#device.readSectors(
      first * sectorsInBlock,
      this.memory.subarray(start, start + sectors * sectorSize),
    );
    for (let i = 0; i < count; i++) this.#numbers[slot + i] = first + i;
  }

  #beyond(offset: number, length: number): InvalidImageError {
    return new InvalidImageError("device", `${length} bytes are wanted beyond the end, ${this.size}`, {
      offset,
    });
  }
}
