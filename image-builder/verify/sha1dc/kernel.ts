import { BLOCK, DIFFERENCES, LANE, LANES, MEMORY } from "./kernel-code.ts";
import { instantiateKernel } from "./kernel-instance.ts";
import { type EqualStep, VECTORS } from "./vectors.ts";

const { memory, expand, suspicious, masks, compress, collides58, collides65 } = instantiateKernel();

const COLLIDES = { 58: collides58, 65: collides65 } satisfies Record<EqualStep, unknown>;

/** The chaining value: five words. */
export const STATE = new Int32Array(memory, MEMORY.state, 5);

/** Where the blocks to compress are put. */
export const BLOCKS = new Uint8Array(memory, MEMORY.blocks);

const MASKS = new Int32Array(memory, MEMORY.masks, LANES);

/** Whether the block compressed last is part of a collision by any of the vectors of a mask. */
function collides(lane: number, mask: number): boolean {
  for (let rest = mask; rest !== 0; rest &= rest - 1) {
    const vector = 31 - Math.clz32(rest & -rest);
    if (COLLIDES[VECTORS[vector]!.equalStep](lane, vector * DIFFERENCES) !== 0) return true;
  }
  return false;
}

/**
 * Compress the first blocks of `BLOCKS` into `STATE`.
 * @returns whether one of them carries the marks of an attack.
 */
export function compressBlocks(count: number): boolean {
  let found = false;
  for (let block = 0; block < count; block += LANES) {
    // Lanes past the last block hold what was there before. They cost time only.
    expand(MEMORY.blocks + block * BLOCK);
    const lanes = Math.min(LANES, count - block);
    const check = suspicious() !== 0;
    if (check) masks();
    for (let i = 0; i < lanes; i++) {
      compress(i * LANE);
      if (check && collides(i * LANE, MASKS[i]!)) found = true;
    }
  }
  return found;
}
