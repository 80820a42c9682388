// The functions of the kernel one by one: what no message comes to that nobody attacked.
import { randomBytes } from "node:crypto";
import test from "ava";
import { DIFFERENCES, LANE, LANES, MEMORY } from "../../../../image-builder/verify/sha1dc/kernel-code.ts";
import { instantiateKernel } from "../../../../image-builder/verify/sha1dc/kernel-instance.ts";
import {
  type Condition,
  type DisturbanceVector,
  VECTORS,
} from "../../../../image-builder/verify/sha1dc/vectors.ts";
import { compress, counterpart, expandBlock, type State } from "./reference-sha1.ts";

const kernel = instantiateKernel();
const STATE = new Int32Array(kernel.memory, MEMORY.state, 5);
const MASKS = new Int32Array(kernel.memory, MEMORY.masks, LANES);
const BLOCKS = new Uint8Array(kernel.memory, MEMORY.blocks);

function holds(words: Int32Array, { bits: [a, b], differ }: Condition): boolean {
  return (((words[a.word]! >>> a.bit) ^ (words[b.word]! >>> b.bit)) & 1) === (differ ? 1 : 0);
}

/** The mask of the vectors whose conditions a block fulfils. */
function maskOf(words: Int32Array): number {
  let mask = 0;
  VECTORS.forEach(({ conditions }, i) => {
    if (conditions.every((condition) => holds(words, condition))) mask |= 1 << i;
  });
  return mask;
}

/** A block that fulfils the conditions of a vector. A vector has 15 at the most: one block of 32768 does. */
function blockFor({ conditions }: DisturbanceVector): Buffer {
  for (;;) {
    const block = randomBytes(64);
    for (let n = 0; n < 4096; n++) {
      block.writeInt32LE(n, 60);
      const words = expandBlock(block);
      if (conditions.every((condition) => holds(words, condition))) return block;
    }
  }
}

test("the masks are those of the conditions, and tell whether any block is suspicious", (t) => {
  let fulfilled = 0;
  for (let n = 0; n < 2000; n++) {
    const blocks = Array.from({ length: LANES }, () => randomBytes(64));
    const expected = blocks.map((block) => maskOf(expandBlock(block)));
    BLOCKS.set(Buffer.concat(blocks));
    kernel.expand(MEMORY.blocks);
    kernel.masks();
    t.deepEqual([...MASKS], expected);
    t.is(kernel.suspicious(), expected.some((mask) => mask !== 0) ? 1 : 0);
    fulfilled += expected.filter((mask) => mask !== 0).length;
  }
  // About one block of twenty.
  t.true(fulfilled > 100 && fulfilled < 1000, String(fulfilled));
});

test("each vector has its bit in the mask", (t) => {
  VECTORS.forEach((vector, i) => {
    const block = blockFor(vector);
    BLOCKS.set(block);
    kernel.expand(MEMORY.blocks);
    kernel.masks();
    t.is(MASKS[0], maskOf(expandBlock(block)), vector.name);
    t.not(MASKS[0]! & (1 << i), 0, vector.name);
  });
});

test("a block collides when its counterpart comes to the same chaining value", (t) => {
  VECTORS.forEach((vector, i) => {
    const collides = vector.equalStep === 58 ? kernel.collides58 : kernel.collides65;
    for (let lane = 0; lane < LANES; lane++) {
      const blocks = Array.from({ length: LANES }, () => randomBytes(64));
      const before = [...new Int32Array(Uint8Array.from(randomBytes(20)).buffer)] as unknown as State;
      const words = expandBlock(blocks[lane]!);
      STATE.set(before);
      BLOCKS.set(Buffer.concat(blocks));
      kernel.expand(MEMORY.blocks);
      kernel.compress(lane * LANE);
      t.deepEqual([...STATE], [...compress(before, words)], vector.name);
      t.is(collides(lane * LANE, i * DIFFERENCES), 0, vector.name);
      // As if the block had come to it.
      STATE.set(counterpart(before, words, vector));
      t.is(collides(lane * LANE, i * DIFFERENCES), 1, vector.name);
      STATE[(i + lane) % 5]! ^= 1 << (i % 32);
      t.is(collides(lane * LANE, i * DIFFERENCES), 0, vector.name);
    }
  });
});
