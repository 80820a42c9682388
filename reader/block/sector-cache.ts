import { InvalidImageError } from "../errors.ts";
import type { BlockDevice } from "./device.ts";

export interface SectorCacheOptions {
  /** Bytes fetched and kept at a time; a multiple of the sector size. Default: what suits the device. */
  readonly blockSize?: number | undefined;
  /** Bytes kept at most; two blocks at least. Default 16 MiB of a device that has a favourite size, otherwise 1 MiB. */
  readonly capacity?: number | undefined;
}

const NO_BLOCK = -1;
const BLOCK_SIZE = 4 * 1024;
const MIB = 1024 * 1024;

/** A device with a favourite size, a machine's disk, is slow to ask; the pages of a file are at hand anyway. */
const DISK_CAPACITY = 16 * MIB;
const FILE_CAPACITY = MIB;

/** Pieces are cut at multiples of so many bytes. */
const PIECE_SIZE = 64 * 1024;

/** Bytes that `locate` gives in one piece wherever they lie: enough for an id, and for the header of an entry. */
const ALWAYS_IN_ONE_PIECE = 64;

/**
 * Byte ranges out of a device that only gives whole sectors. What was read is kept in blocks of some sectors, of which each
 * has one place where it can lie, block `n` at `n` modulo the number of places: to find one takes no search, and blocks that
 * follow one another on the device lie one after the other here, too.
 *
 * What is handed out is good until the next call: after that its memory may hold another block.
 */
export class SectorCache {
  /** Bytes on the device. */
  readonly size: number;
  readonly blockSize: number;
  /** Where blocks are kept; see `locate`. */
  readonly memory: Uint8Array;
  /** Where in `memory` the bytes that follow those located last end. */
  reach = 0;
  readonly #device: BlockDevice;
  /** The number of the block that lies at each place. */
  readonly #numbers: Float64Array;

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
    const places = Math.min(Math.max(2, Math.floor(capacity / blockSize)), blocks);
    this.#numbers = new Float64Array(places).fill(NO_BLOCK);
    // Not zeroed, which would take its pages before there is anything in them.
    this.memory = new Uint8Array(Buffer.allocUnsafeSlow(places * blockSize + ALWAYS_IN_ONE_PIECE).buffer);
  }

  /**
   * Sees to it that the bytes at `offset` are in `memory`, and gives the place of the first there. Up to 64 bytes lie in one
   * piece; of more, as many as `reach` tells, at least one.
   *
   * @throws {InvalidImageError} fault `device`, if they are not all on the device.
   */
  locate(offset: number, length: number): number {
    if (!(offset >= 0 && length >= 0 && offset + length <= this.size)) throw this.#beyond(offset, length);
    const { blockSize } = this;
    const first = Math.floor(offset / blockSize);
    const start = first % this.#numbers.length;
    const within = offset - first * blockSize;
    const blocks = Math.ceil((within + length) / blockSize);
    const isThere = blocks === 1 && this.#numbers[start] === first;
    const end = isThere ? (start + 1) * blockSize : this.#locateBlocks(first, start, blocks, length);
    const place = start * blockSize + within;
    this.reach = Math.min(end, place + this.size - offset);
    return place;
  }

  /** Sees to it that blocks are there, as many as lie in one piece; gives where in `memory` that ends. */
  #locateBlocks(first: number, start: number, blocks: number, length: number): number {
    const inOnePiece = Math.min(blocks, this.#numbers.length - start);
    this.#load(first, start, inOnePiece);
    const end = (start + inOnePiece) * this.blockSize;
    if (inOnePiece === blocks || length > ALWAYS_IN_ONE_PIECE) return end;
    this.#load(first + inOnePiece, 0, 1);
    this.memory.copyWithin(end, 0, ALWAYS_IN_ONE_PIECE);
    return end + ALWAYS_IN_ONE_PIECE;
  }

  /**
   * Bytes from `offset` on, to `end` or to the next multiple of 64 KiB at most; fewer if they lie in more than one piece.
   * Never copies, so it suits a consumer that takes a stream piece by piece.
   */
  piece(offset: number, end: number): Uint8Array {
    const there = Math.min(PIECE_SIZE - (offset % PIECE_SIZE), end - offset, this.size - offset);
    // At least one byte must be there, unless none is wanted.
    const place = this.locate(offset, Math.max(there, Math.min(1, end - offset)));
    return this.memory.subarray(place, Math.min(this.reach, place + end - offset));
  }

  /**
   * The `length` bytes at `offset`.
   * @throws {InvalidImageError} fault `device`, if they are not all on the device.
   */
  read(offset: number, length: number): Uint8Array {
    const place = this.locate(offset, length);
    if (this.reach - place >= length) return this.memory.subarray(place, place + length);
    const bytes = new Uint8Array(length);
    for (let done = 0; done < length; ) {
      const piece = this.piece(offset + done, offset + length);
      bytes.set(piece, done);
      done += piece.length;
    }
    return bytes;
  }

  /** Sees to it that some blocks lie at their places, reading those that are missing in a row at once. */
  #load(first: number, place: number, count: number): void {
    const numbers = this.#numbers;
    for (let i = 0; i < count; ) {
      let missing = 0;
      while (i + missing < count && numbers[place + i + missing] !== first + i + missing) missing++;
      if (missing > 0) this.#fetch(first + i, place + i, missing);
      i += missing + 1;
    }
  }

  #fetch(first: number, place: number, count: number): void {
    const { sectorSize, sectorCount } = this.#device;
    const sectorsInBlock = this.blockSize / sectorSize;
    const sectors = Math.min(count * sectorsInBlock, sectorCount - first * sectorsInBlock);
    const start = place * this.blockSize;
    // Until it has been read there is no block here.
    this.#numbers.fill(NO_BLOCK, place, place + count);
    this.#device.readSectors(
      first * sectorsInBlock,
      this.memory.subarray(start, start + sectors * sectorSize),
    );
    for (let i = 0; i < count; i++) this.#numbers[place + i] = first + i;
  }

  #beyond(offset: number, length: number): InvalidImageError {
    return new InvalidImageError("device", `${length} bytes are wanted beyond the end, ${this.size}`, {
      offset,
    });
  }
}
