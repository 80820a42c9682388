import { wasmModule } from "./assembler.ts";
import { BLOCK, DIFFERENCES, FUNCTIONS, LANES, MEMORY } from "./kernel-code.ts";
import { type EqualStep, VECTORS } from "./vectors.ts";

interface Exports {
  readonly expand: (blocks: number) => void;
  readonly suspicious: () => number;
  readonly masks: () => void;
  readonly compress: (lane: number) => void;
  readonly collides58: (lane: number, differences: number) => number;
  readonly collides65: (lane: number, differences: number) => number;
}

const memory = new WebAssembly.Memory({ initial: MEMORY.length / 65_536 });
const { expand, suspicious, masks, compress, collides58, collides65 } = new WebAssembly.Instance(
  new WebAssembly.Module(wasmModule(FUNCTIONS)),
  { env: { memory } },
).exports as unknown as Exports;
const COLLIDES = { 58: collides58, 65: collides65 } satisfies Record<EqualStep, unknown>;

/** The chaining value: five words. */
export const STATE = new Int32Array(memory.buffer, MEMORY.state, 5);

/** Where the blocks to compress are put. */
export const BLOCKS = new Uint8Array(memory.buffer, MEMORY.blocks);

const MASKS = new Int32Array(memory.buffer, MEMORY.masks, LANES);

VECTORS.forEach(({ differences }, i) => {
  new Int32Array(memory.buffer, MEMORY.differences + i * DIFFERENCES).set(differences);
});

/** Whether the block compressed last is one of a collision by any of the vectors of a mask. */
function collides(lane: number, mask: number): boolean {
  for (let rest = mask; rest !== 0; rest &= rest - 1) {
    const i = 31 - Math.clz32(rest & -rest);
    if (COLLIDES[VECTORS[i]!.equalStep](lane, i * DIFFERENCES) !== 0) return true;
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
    // Lanes past the last block hold what was there before; nothing looks at them but `suspicious`.
    expand(MEMORY.blocks + block * BLOCK);
    const lanes = Math.min(LANES, count - block);
    const check = suspicious() !== 0;
    if (check) masks();
    for (let i = 0; i < lanes; i++) {
      compress(i * 4);
      if (check && collides(i * 4, MASKS[i]!)) found = true;
    }
  }
  return found;
}
