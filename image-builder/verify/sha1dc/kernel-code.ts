// The functions of the kernel in WebAssembly, assembled from the definition of SHA-1 (FIPS 180-4, section 6.1)
// and from the vectors. The expanded message and the conditions depend on a block only, not on what was hashed
// before: they are computed for four blocks at once, the compression block by block.
import { type Code, get, i32, i32x4, type ModuleFunction, set, tee } from "./assembler.ts";
import { EQUAL_STEPS, type EqualStep, STEPS, VECTORS } from "./vectors.ts";

/** Blocks that are expanded at once. */
export const LANES = 4;

/** Bytes from a lane to the next. */
export const LANE = 4;

/** Bytes of a block. */
export const BLOCK = 64;

const WORD = 4;
const STATE = 5;

/** Where things stand in the kernel's memory. */
export const MEMORY = {
  /** The chaining value. */
  state: 0,
  /** The state before each step of `EQUAL_STEPS`, of the block compressed last. */
  equalStates: { 58: 32, 65: 64 } satisfies Record<EqualStep, number>,
  /** Four masks of the vectors whose conditions a block fulfils. */
  masks: 96,
  /** Expanded words, four blocks side by side. */
  words: 128,
  /** The same with the constants of their steps. */
  sums: 128 + STEPS * LANES * WORD,
  /** The differences of each vector. */
  differences: 128 + 2 * STEPS * LANES * WORD,
  /** Blocks to compress; as many bytes as there is room for. */
  blocks: 16_384,
  length: 131_072,
};

/** Bytes of the differences of a vector. */
export const DIFFERENCES = STEPS * WORD;

const CONSTANTS = [0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6];
const constant = (step: number): number => CONSTANTS[Math.floor(step / 20)]!;

/** Bytes from an expanded word of a block to the next. */
const STRIDE = LANES * WORD;

const NOTHING = i32.const(0);

/** `expand(blocks)`: expand four blocks. */
function expand(): ModuleFunction {
  const blocks = get(0);
  const word = (step: number) => 1 + (step % 16);
  const loaded = (step: number): Code => {
    let lanes = i32x4.loadFirst(blocks, step * WORD);
    for (let lane = 1; lane < LANES; lane++) {
      lanes = i32x4.loadLane(blocks, lane * BLOCK + step * WORD, lane, lanes);
    }
    return i32x4.swapBytes(lanes);
  };
  const sum = 17;
  const expanded = (step: number): Code => {
    const earlier = [3, 8, 14, 16].map((back) => get(word(step - back))).reduce(i32x4.xor);
    const value = tee(sum, earlier);
    return i32x4.or(i32x4.shiftLeft(value, 1), i32x4.shiftRight(get(sum), 31));
  };
  const body = Array.from({ length: STEPS }, (_, step) => [
    ...set(word(step), step < 16 ? loaded(step) : expanded(step)),
    ...i32x4.store(NOTHING, MEMORY.words + step * STRIDE, get(word(step))),
    ...i32x4.store(
      NOTHING,
      MEMORY.sums + step * STRIDE,
      i32x4.add(get(word(step)), i32x4.const(constant(step))),
    ),
  ]);
  return { name: "expand", parameters: 1, returnsWord: false, locals: [["i32x4", 17]], body: body.flat() };
}

/**
 * What tells of each vector whether the four blocks fulfil its conditions, in the lowest bit of each lane. What
 * several conditions need is computed once, into a local. To be evaluated in order, each once.
 */
function fulfilled(): { readonly vectors: readonly Code[]; readonly locals: number } {
  const locals = new Map<string, number>();
  const once = (key: string, compute: () => Code): Code => {
    const known = locals.get(key);
    if (known !== undefined) return get(known);
    const value = compute();
    const local = locals.size;
    locals.set(key, local);
    return tee(local, value);
  };
  const bit = (word: number, bit: number): Code =>
    once(`${word}.${bit}`, () => i32x4.shiftRight(i32x4.load(NOTHING, MEMORY.words + word * STRIDE), bit));
  const vectors = VECTORS.map(({ conditions }) => {
    const differences = (differ: boolean) =>
      conditions
        .filter((condition) => condition.differ === differ)
        .map(({ bits: [a, b] }) =>
          once(`${a.word}.${a.bit}^${b.word}.${b.bit}`, () =>
            i32x4.xor(bit(a.word, a.bit), bit(b.word, b.bit)),
          ),
        );
    const differing = differences(true).reduce(i32x4.and);
    const equal = differences(false);
    return equal.length === 0 ? differing : i32x4.andNot(differing, equal.reduce(i32x4.or));
  });
  return { vectors, locals: locals.size };
}

/** `suspicious()`: whether any of the four blocks fulfils the conditions of any vector. */
function suspicious(): ModuleFunction {
  const { vectors, locals } = fulfilled();
  return {
    name: "suspicious",
    parameters: 0,
    returnsWord: true,
    locals: [["i32x4", locals]],
    body: i32x4.anyBit(i32x4.and(vectors.reduce(i32x4.or), i32x4.const(1))),
  };
}

/** `masks()`: of each of the four blocks, the vectors whose conditions it fulfils. */
function masks(): ModuleFunction {
  const { vectors, locals } = fulfilled();
  const mask = vectors
    .map((vector, i) => i32x4.shiftLeft(i32x4.and(vector, i32x4.const(1)), i))
    .reduce(i32x4.or);
  return {
    name: "masks",
    parameters: 0,
    returnsWord: false,
    locals: [["i32x4", locals]],
    body: i32x4.store(NOTHING, MEMORY.masks, mask),
  };
}

/** The function of a step. */
function mix(step: number, b: Code, c: Code, d: Code): Code {
  switch (Math.floor(step / 20)) {
    case 0:
      return i32.xor(d, i32.and(b, i32.xor(c, d)));
    case 2:
      return i32.or(i32.and(b, c), i32.and(d, i32.or(b, c)));
    default:
      return i32.xor(i32.xor(b, c), d);
  }
}

/**
 * A step upon five locals. They take turns: what a step makes replaces what it needs last.
 * @param word the word of the step, with its constant.
 * @param first the first of the locals.
 * @param backward whether to undo the step.
 */
function step(t: number, word: Code, first: number, backward = false): Code {
  const local = (i: number) => first + ((i + 4 * t) % STATE);
  const [a, b, c, d, e] = [local(0), local(1), local(2), local(3), local(4)];
  const mixed = i32.add(i32.rotateLeft(get(a), 5), mix(t, get(b), get(c), get(d)));
  if (backward) {
    return [...set(b, i32.rotateLeft(get(b), 2)), ...set(e, i32.sub(get(e), i32.add(word, mixed)))];
  }
  return [...set(e, i32.add(i32.add(get(e), word), mixed)), ...set(b, i32.rotateLeft(get(b), 30))];
}

const loadState = (first: number, address: number): Code =>
  Array.from({ length: STATE }, (_, i) => set(first + i, i32.load(NOTHING, address + i * WORD))).flat();

const storeState = (first: number, address: number): Code =>
  Array.from({ length: STATE }, (_, i) => i32.store(NOTHING, address + i * WORD, get(first + i))).flat();

/** `compress(lane)`: compress a block of the four. `lane` is 0, 4, 8 or 12, here and below. */
function compress(): ModuleFunction {
  const first = 1;
  const body: Code[] = [loadState(first, MEMORY.state)];
  for (let t = 0; t < STEPS; t++) {
    const equal = EQUAL_STEPS.find((equal) => equal === t);
    if (equal !== undefined) body.push(storeState(first, MEMORY.equalStates[equal]));
    body.push(step(t, i32.load(get(0), MEMORY.sums + t * STRIDE), first));
  }
  for (let i = 0; i < STATE; i++) {
    const value = i32.add(i32.load(NOTHING, MEMORY.state + i * WORD), get(first + i));
    body.push(i32.store(NOTHING, MEMORY.state + i * WORD, value));
  }
  return { name: "compress", parameters: 1, returnsWord: false, locals: [["i32", STATE]], body: body.flat() };
}

/**
 * `collides58(lane, differences)`, `collides65`: whether the block that was compressed last comes to the same
 * chaining value as its counterpart by a vector. That has the differences of the vector, and begins at the
 * chaining value that leads to the same state before the step.
 */
function collides(equalStep: EqualStep): ModuleFunction {
  const [lane, differences, first, before] = [0, 1, 2, 2 + STATE];
  const word = (t: number): Code =>
    i32.add(
      i32.xor(
        i32.load(get(lane), MEMORY.words + t * STRIDE),
        i32.load(get(differences), MEMORY.differences + t * WORD),
      ),
      i32.const(constant(t)),
    );
  const body: Code[] = [loadState(first, MEMORY.equalStates[equalStep])];
  for (let t = equalStep - 1; t >= 0; t--) body.push(step(t, word(t), first, true));
  for (let i = 0; i < STATE; i++) body.push(set(before + i, get(first + i)));
  body.push(loadState(first, MEMORY.equalStates[equalStep]));
  for (let t = equalStep; t < STEPS; t++) body.push(step(t, word(t), first));
  const apart = Array.from({ length: STATE }, (_, i) =>
    i32.xor(i32.add(get(before + i), get(first + i)), i32.load(NOTHING, MEMORY.state + i * WORD)),
  );
  body.push(i32.isZero(apart.reduce(i32.or)));
  return {
    name: `collides${equalStep}`,
    parameters: 2,
    returnsWord: true,
    locals: [["i32", 2 * STATE]],
    body: body.flat(),
  };
}

export const FUNCTIONS: readonly ModuleFunction[] = [
  expand(),
  suspicious(),
  masks(),
  compress(),
  ...EQUAL_STEPS.map(collides),
];
