// What the generator of the kernel needs of WebAssembly's binary format (https://webassembly.github.io/spec/,
// 2.0): an expression is the bytes of its instructions, its operands' before its own.

/** The bytes of instructions. */
export type Code = readonly number[];

/** An integer in LEB128, signed where a constant is one. */
function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return [...bytes, rest];
}

function signed(value: number): number[] {
  const bytes: number[] = [];
  let rest = value | 0;
  for (; rest < -64 || rest > 63; rest >>= 7) bytes.push((rest & 0x7f) | 0x80);
  return [...bytes, rest & 0x7f];
}

const list = (items: readonly Code[]): number[] => [...unsigned(items.length), ...items.flat()];
const text = (name: string): number[] => [...unsigned(name.length), ...Buffer.from(name, "latin1")];

const binary =
  (...opcode: number[]) =>
  (a: Code, b: Code): Code => [...a, ...b, ...opcode];

/** An operand in memory, aligned to 4 or, for a vector, 16 bytes: the alignment is a hint. */
const at = (alignment: number, offset: number): number[] => [alignment, ...unsigned(offset)];

export const get = (local: number): Code => [0x20, ...unsigned(local)];
export const set = (local: number, value: Code): Code => [...value, 0x21, ...unsigned(local)];
export const tee = (local: number, value: Code): Code => [...value, 0x22, ...unsigned(local)];

/** Words of 32 bits. */
export const i32 = {
  const: (value: number): Code => [0x41, ...signed(value)],
  load: (address: Code, offset: number): Code => [...address, 0x28, ...at(2, offset)],
  store: (address: Code, offset: number, value: Code): Code => [...address, ...value, 0x36, ...at(2, offset)],
  isZero: (value: Code): Code => [...value, 0x45],
  add: binary(0x6a),
  sub: binary(0x6b),
  and: binary(0x71),
  or: binary(0x72),
  xor: binary(0x73),
  rotateLeft: (value: Code, count: number): Code => [...value, ...i32.const(count), 0x77],
};

const simd = (opcode: number): number[] => [0xfd, ...unsigned(opcode)];

/** Four words of 32 bits at a time. */
export const i32x4 = {
  /** The same word four times. */
  const: (value: number): Code => {
    const lane = [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff);
    return [...simd(12), ...lane, ...lane, ...lane, ...lane];
  },
  load: (address: Code, offset: number): Code => [...address, ...simd(0), ...at(4, offset)],
  store: (address: Code, offset: number, value: Code): Code => [
    ...address,
    ...value,
    ...simd(11),
    ...at(4, offset),
  ],
  /** The first word from memory, the others zero. */
  loadFirst: (address: Code, offset: number): Code => [...address, ...simd(92), ...at(2, offset)],
  /** Others, but one word from memory. */
  loadLane: (address: Code, offset: number, lane: number, others: Code): Code => [
    ...address,
    ...others,
    ...simd(86),
    ...at(2, offset),
    lane,
  ],
  /** The bytes of each word in reverse order. */
  swapBytes: (value: Code): Code => [
    ...value,
    ...simd(12),
    ...[3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12],
    ...simd(14),
  ],
  shiftLeft: (value: Code, count: number): Code => [...value, ...i32.const(count), ...simd(171)],
  shiftRight: (value: Code, count: number): Code => [...value, ...i32.const(count), ...simd(173)],
  add: binary(...simd(174)),
  and: binary(...simd(78)),
  /** The bits of the first that the second has not. */
  andNot: binary(...simd(79)),
  or: binary(...simd(80)),
  xor: binary(...simd(81)),
  /** 1 if any bit is set, otherwise 0. */
  anyBit: (value: Code): Code => [...value, ...simd(83)],
};

/** A type of value. */
export const TYPES = { i32: 0x7f, i32x4: 0x7b };

type Type = keyof typeof TYPES;

/** A function that the module exports. Its parameters are its first locals, and words. */
export interface ModuleFunction {
  readonly name: string;
  readonly parameters: number;
  readonly returnsWord: boolean;
  /** Locals behind the parameters: types and how many of each. */
  readonly locals: readonly (readonly [Type, number])[];
  readonly body: Code;
}

/** The bytes of a module of functions. It imports its memory: `env.memory`. */
export function wasmModule(functions: readonly ModuleFunction[]): Uint8Array<ArrayBuffer> {
  const section = (id: number, items: readonly Code[]): number[] => {
    const content = list(items);
    return [id, ...unsigned(content.length), ...content];
  };
  const types = functions.map(({ parameters, returnsWord }) => [
    0x60,
    ...list(Array.from({ length: parameters }, () => [TYPES.i32])),
    ...list(returnsWord ? [[TYPES.i32]] : []),
  ]);
  const bodies = functions.map(({ locals, body }) => {
    const declared = list(locals.map(([type, count]) => [...unsigned(count), TYPES[type]]));
    const code = [...declared, ...body, 0x0b];
    return [...unsigned(code.length), ...code];
  });
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, types),
    ...section(2, [[...text("env"), ...text("memory"), 0x02, 0x00, 0x01]]),
    ...section(
      3,
      functions.map((_, i) => unsigned(i)),
    ),
    ...section(
      7,
      functions.map(({ name }, i) => [...text(name), 0x00, ...unsigned(i)]),
    ),
    ...section(10, bodies),
  ]);
}
