// The disturbance vectors of the known attacks on SHA-1: the 32 by which an attack costs least, after Marc
// Stevens and Dan Shumow (see conditions.ts).
import { CONDITIONS, type VectorName } from "./conditions.ts";

/** Steps of SHA-1's compression function, and words of an expanded block. */
export const STEPS = 80;

/** A bit of an expanded block. */
export interface MessageBit {
  /** The word, 0 to 79. */
  readonly word: number;
  /** The bit, 0 for the least significant. */
  readonly bit: number;
}

/** Two bits that are equal, or that differ, in each block of an attack. */
export interface Condition {
  readonly bits: readonly [MessageBit, MessageBit];
  readonly differ: boolean;
}

/** Steps before which the states of two blocks are the same: by each vector, before one of these. */
export const EQUAL_STEPS = [58, 65] as const;

export type EqualStep = (typeof EQUAL_STEPS)[number];

/** A way to attack: where two blocks differ. */
export interface DisturbanceVector {
  readonly name: VectorName;
  /** What an attack by this vector cannot avoid. */
  readonly conditions: readonly Condition[];
  /** The XOR of the two expanded blocks. */
  readonly differences: Int32Array<ArrayBuffer>;
  readonly equalStep: EqualStep;
}

function rotateLeft(word: number, count: number): number {
  return (word << count) | (word >>> (32 - count));
}

/** Words of a vector before the first of the message: a disturbance is corrected for five steps. */
export const WORDS_BEFORE = 5;

/**
 * The words of a vector, from 5 before the first of the message on: each set bit starts a local collision. 16 of
 * them define the others, by the message expansion.
 * @see Stéphane Manuel, "Classification and generation of disturbance vectors for collision attacks against
 * SHA-1" (2011, https://eprint.iacr.org/2008/469), for the two types.
 */
export function vectorWords(name: VectorName): Int32Array<ArrayBuffer> {
  const { type, k, b } = parseName(name);
  const vector = new Int32Array(WORDS_BEFORE + STEPS);
  const first = WORDS_BEFORE + k;
  const at = (i: number) => vector[i]!;
  vector[first + 15] = 1 << b;
  if (type === "II") vector[first + 1] = vector[first + 3] = rotateLeft(1 << b, 31);
  for (let i = first + 16; i < vector.length; i++) {
    vector[i] = rotateLeft(at(i - 3) ^ at(i - 8) ^ at(i - 14) ^ at(i - 16), 1);
  }
  for (let i = first - 1; i >= 0; i--) {
    vector[i] = rotateLeft(at(i + 16), 31) ^ at(i + 13) ^ at(i + 8) ^ at(i + 2);
  }
  return vector;
}

/** The XOR of two expanded blocks: a disturbance and its corrections in the five steps after it. */
function differences(name: VectorName): Int32Array<ArrayBuffer> {
  const vector = vectorWords(name);
  return Int32Array.from({ length: STEPS }, (_, t) => {
    const at = (step: number) => vector[WORDS_BEFORE + step]!;
    const rotated = rotateLeft(at(t - 3) ^ at(t - 4) ^ at(t - 5), 30);
    return at(t) ^ rotateLeft(at(t - 1), 5) ^ at(t - 2) ^ rotated;
  });
}

/** A step without a disturbance in the five steps before it. */
function equalStep(name: VectorName): EqualStep {
  const vector = vectorWords(name);
  const step = EQUAL_STEPS.find((step) =>
    vector.subarray(step, step + WORDS_BEFORE).every((word) => word === 0),
  );
  if (step === undefined) throw new RangeError(`no step of equal states: ${name}`);
  return step;
}

function parseName(name: VectorName): { type: string; k: number; b: number } {
  const [, type, k, b] = /^(I|II)\((\d+),(\d+)\)$/.exec(name) as string[];
  return { type: type!, k: Number(k), b: Number(b) };
}

function parseCondition(text: string): Condition {
  const [, word, bit, relation, otherWord, otherBit] = /^(\d+)\.(\d+)([=!])(\d+)\.(\d+)$/.exec(
    text,
  ) as string[];
  const bits = [
    { word: Number(word), bit: Number(bit) },
    { word: Number(otherWord), bit: Number(otherBit) },
  ] as const;
  return { bits, differ: relation === "!" };
}

/** The vectors, in the order of the bits of a mask. */
export const VECTORS: readonly DisturbanceVector[] = CONDITIONS.map(([name, conditions]) => ({
  name,
  conditions: conditions.split(" ").map(parseCondition),
  differences: differences(name),
  equalStep: equalStep(name),
}));
