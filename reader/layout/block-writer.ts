import { crc32 } from "../node-platform.ts";
import {
  BLOCK_HEADER,
  BLOCK_SIZE,
  COUNT_AT,
  LONGEST_END,
  LONGEST_KEY,
  NUMBER_AT,
  RESTART_INTERVAL,
  TAG_BITS,
} from "./format.ts";
import { sharedStart } from "./keys.ts";
import { writeVarint } from "./varint.ts";

/** Bytes for an item that is being encoded: a key, its lengths, and the largest payload. */
const ITEM_SPACE = LONGEST_KEY + 256;

/** Writes an item's payload. @param isRestart whether it must not build on the item before it. */
export type WritePayload = (bytes: Uint8Array, at: number, isRestart: boolean) => number;

/** A block that is being filled with items in the order of their keys. */
export class BlockWriter {
  readonly #bytes = Buffer.alloc(BLOCK_SIZE);
  readonly #item = new Uint8Array(ITEM_SPACE);
  readonly #first = new Uint8Array(LONGEST_KEY);
  #firstLength = 0;
  readonly #before = new Uint8Array(LONGEST_KEY);
  #beforeLength = 0;
  readonly #restarts: number[] = [];
  #used = BLOCK_HEADER;
  #count = 0;

  /**
   * Adds an item after the others.
   * @returns false if there is no space for it.
   */
  add(key: Uint8Array, length: number, tag: number, writePayload: WritePayload): boolean {
    const isRestart = this.#count % RESTART_INTERVAL === 0;
    const end = this.#encode(key, length, tag, writePayload, isRestart);
    const restarts = this.#restarts.length + (isRestart ? 1 : 0);
    if (this.#used + end + 2 * restarts > BLOCK_SIZE) return false;
    if (isRestart) this.#restarts.push(this.#used);
    this.#bytes.set(this.#item.subarray(0, end), this.#used);
    this.#used += end;
    if (this.#count++ === 0) {
      this.#first.set(key.subarray(0, length));
      this.#firstLength = length;
    }
    this.#before.set(key.subarray(0, length));
    this.#beforeLength = length;
    return true;
  }

  /**
   * Ends the block and begins an empty one.
   *
   * @param number what the header has beside the count.
   * @param unit the block's length is a multiple of so many bytes. Default the full length.
   * @returns the block, in memory of its own.
   */
  finish(number: number, unit: number = BLOCK_SIZE): Uint8Array {
    const length = Math.ceil((this.#used + 2 * this.#restarts.length) / unit) * unit;
    const bytes = this.#bytes;
    bytes.fill(0, this.#used);
    bytes.writeUInt16BE(this.#count, COUNT_AT);
    bytes.writeUInt32BE(number, NUMBER_AT);
    this.#restarts.forEach((at, i) => {
      bytes.writeUInt16BE(at, length - 2 * (i + 1));
    });
    bytes.writeUInt32BE(crc32(bytes.subarray(COUNT_AT, length)), 0);
    const block = Uint8Array.from(bytes.subarray(0, length));
    this.#restarts.length = 0;
    this.#used = BLOCK_HEADER;
    this.#count = 0;
    return block;
  }

  #encode(
    key: Uint8Array,
    length: number,
    tag: number,
    writePayload: WritePayload,
    isRestart: boolean,
  ): number {
    const item = this.#item;
    const isFirst = this.#count === 0;
    const before = isRestart ? this.#first : this.#before;
    const beforeLength = isFirst ? 0 : isRestart ? this.#firstLength : this.#beforeLength;
    const start = sharedStart(key, length, before, beforeLength);
    const most = Math.min(length - start, beforeLength, LONGEST_END);
    let ends = 0;
    while (ends < most && key[length - 1 - ends] === before[beforeLength - 1 - ends]) ends++;
    const middle = length - start - ends;
    item[0] = (ends << TAG_BITS) | tag;
    let at = writeVarint(item, 1, start);
    at = writeVarint(item, at, middle);
    for (let i = 0; i < middle; i++) item[at++] = key[start + i] as number;
    return writePayload(item, at, isRestart);
  }
}
