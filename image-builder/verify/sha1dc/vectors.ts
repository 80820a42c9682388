// The disturbance vectors of the known attacks on SHA-1, after Marc Stevens and Dan Shumow, "Speeding up
// detection of SHA-1 collision attacks using unavoidable attack conditions" (USENIX Security 2017,
// https://eprint.iacr.org/2017/173): the 32 that an attack can use at the least cost, and the conditions
// on bits of the expanded message that any attack by a vector has to fulfil.
import { CONDITIONS } from "./conditions.ts";
import { rotateLeft } from "./rotate.ts";

/** Steps of SHA-1's compression function, and words of an expanded message block. */
export const STEPS = 80;

/** A bit of a word of the expanded message. */
export interface MessageBit {
  /** The word, 0 to 79. */
  readonly word: number;
  /** The bit, 0 for the least significant. */
  readonly bit: number;
}

/** A condition: two bits of the expanded message are equal, or they differ. */
export interface Condition {
  readonly bits: readonly [MessageBit, MessageBit];
  readonly differ: boolean;
}

/** A disturbance vector, by the names of Stéphane Manuel's classification: I(K, b) or II(K, b). */
export interface DisturbanceVector {
  readonly type: "I" | "II";
  readonly k: number;
  readonly b: number;
  /** What an attack by this vector cannot avoid. */
  readonly conditions: readonly Condition[];
  /** The XOR of the expanded messages of the two blocks of an attack. */
  readonly differences: Int32Array<ArrayBuffer>;
  /** The step before which the states of the two blocks are the same. */
  readonly equalStep: EqualStep;
}

/** The two steps that suffice: the states of the two blocks are the same before one of them, by each vector. */
export const EQUAL_STEPS = [58, 65] as const;

export type EqualStep = (typeof EQUAL_STEPS)[number];

/**
 * The XOR of the expanded messages that a vector defines. Each of its bits starts a local collision, a
 * disturbance and five corrections; the vector itself obeys the message expansion.
 * @see Stéphane Manuel, "Classification and generation of disturbance vectors for collision attacks against
 * SHA-1" (2011, https://eprint.iacr.org/2008/469), for the two types.
 */
export function messageDifferences(type: "I" | "II", k: number, b: number): Int32Array<ArrayBuffer> {
  // Corrections reach five steps ahead, so the vector begins five words before the message.
  const before = 5;
  const vector = new Int32Array(before + STEPS);
  const at = (step: number) => vector[before + step]!;
  vector[before + k + 15] = 1 << b;
  if (type === "II") {
    vector[before + k + 1] = rotateLeft(1 << b, 31);
    vector[before + k + 3] = rotateLeft(1 << b, 31);
  }
  for (let t = k + 16; t < STEPS; t++) {
    vector[before + t] = rotateLeft(at(t - 3) ^ at(t - 8) ^ at(t - 14) ^ at(t - 16), 1);
  }
  for (let t = k - 1; t >= -before; t--) {
    vector[before + t] = rotateLeft(at(t + 16), 31) ^ at(t + 13) ^ at(t + 8) ^ at(t + 2);
  }
  return Int32Array.from({ length: STEPS }, (_, t) => {
    const rotated = rotateLeft(at(t - 3) ^ at(t - 4) ^ at(t - 5), 30);
    return at(t) ^ rotateLeft(at(t - 1), 5) ^ at(t - 2) ^ rotated;
  });
}

/** From the end of the vector's last disturbance before its run of zeros up to the first after it. */
function equalStep(type: "I" | "II", k: number): EqualStep {
  const first = k + (type === "I" ? 5 : 9);
  const step = EQUAL_STEPS.find((step) => first <= step && step <= k + 15);
  if (step === undefined) throw new RangeError(`no step of equal states: ${type}(${k})`);
  return step;
}

function parseCondition(text: string): Condition {
  const [, word, bit, relation, otherWord, otherBit] = /^(\d+)\.(\d+)([=!])(\d+)\.(\d+)$/.exec(text)!;
  const bits = [
    { word: Number(word), bit: Number(bit) },
    { word: Number(otherWord), bit: Number(otherBit) },
  ] as const;
  return { bits, differ: relation === "!" };
}

/** The vectors that are checked, in the order of the bits of a mask. */
export const VECTORS: readonly DisturbanceVector[] = CONDITIONS.map(([type, k, b, conditions]) => ({
  type,
  k,
  b,
  conditions: conditions.split(" ").map(parseCondition),
  differences: messageDifferences(type, k, b),
  equalStep: equalStep(type, k),
}));
