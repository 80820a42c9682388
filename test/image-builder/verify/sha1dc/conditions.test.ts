// The tables of the vectors and of their conditions against what they say of SHA-1.
import { randomFillSync } from "node:crypto";
import test from "ava";
import {
  type Condition,
  type DisturbanceVector,
  VECTORS,
  vectorWords,
  WORDS_BEFORE,
} from "../../../../image-builder/verify/sha1dc/vectors.ts";
import { PAIRS } from "./collisions.ts";
import { expandBlock, forward, rotateLeft, type State } from "./reference-sha1.ts";

const RANDOM = new Int32Array(4096);
let drawn = RANDOM.length;

function randomWord(): number {
  if (drawn === RANDOM.length) {
    randomFillSync(RANDOM);
    drawn = 0;
  }
  return RANDOM[drawn++]!;
}

function holds(words: Int32Array, { bits: [a, b], differ }: Condition): boolean {
  return (((words[a.word]! >>> a.bit) ^ (words[b.word]! >>> b.bit)) & 1) === (differ ? 1 : 0);
}

/** Words from the first to the last of them, and some steps after: only there some signs are settled. */
interface Window {
  readonly first: number;
  readonly last: number;
}

const STEPS_AFTER = 4;

/**
 * Message words along which a pair of states goes as the vector says, step by step: random states and words, and
 * other words where the pair leaves the vector's path. Undefined when that led nowhere.
 */
function trail({ name, differences }: DisturbanceVector, { first, last }: Window): Int32Array | undefined {
  const vector = vectorWords(name);
  const disturbance = (step: number) => vector[WORDS_BEFORE + step]!;
  const words = new Int32Array(80);
  const follow = (a: State, b: State, step: number): boolean => {
    if (step > last) return true;
    let ways = 3;
    for (let tries = 0; tries < 32 && ways > 0; tries++) {
      const word = randomWord();
      const nextA = forward(a, step, word);
      const nextB = forward(b, step, word ^ differences[step]!);
      if ((nextA[0] ^ nextB[0]) !== disturbance(step)) continue;
      words[step] = word;
      if (follow(nextA, nextB, step + 1)) return true;
      ways--;
    }
    return false;
  };
  const a: State = [randomWord(), randomWord(), randomWord(), randomWord(), randomWord()];
  const b: State = [
    a[0] ^ disturbance(first - 1),
    a[1] ^ disturbance(first - 2),
    a[2] ^ rotateLeft(disturbance(first - 3), 30),
    a[3] ^ rotateLeft(disturbance(first - 4), 30),
    a[4] ^ rotateLeft(disturbance(first - 5), 30),
  ];
  return follow(a, b, first) ? words : undefined;
}

/** Conditions that have bits in common, together. */
function groups(conditions: readonly Condition[]): Condition[][] {
  let grouped: Condition[][] = [];
  const key = ({ word, bit }: Condition["bits"][number]) => `${word}.${bit}`;
  for (const condition of conditions) {
    const keys = condition.bits.map(key);
    const touches = (group: Condition[]) =>
      group.some(({ bits }) => bits.some((bit) => keys.includes(key(bit))));
    const joined = [condition, ...grouped.filter(touches).flat()];
    grouped = [...grouped.filter((group) => !touches(group)), joined];
  }
  return grouped;
}

/** How many of some trails break each condition of a group. */
function broken(vector: DisturbanceVector, group: readonly Condition[], trails: number): number[] {
  const touched = group.flatMap(({ bits }) => bits.map(({ word }) => word));
  const window = { first: Math.min(...touched), last: Math.max(...touched) + STEPS_AFTER };
  const counts = group.map(() => 0);
  for (let found = 0; found < trails; ) {
    const words = trail(vector, window);
    if (words === undefined) continue;
    found++;
    group.forEach((condition, i) => {
      if (!holds(words, condition)) counts[i]!++;
    });
  }
  return counts;
}

test("no pair of states follows a vector but by its conditions", (t) => {
  for (const vector of VECTORS) {
    for (const group of groups(vector.conditions)) {
      // A relation that were no condition would hold in all of them once in four thousand million times.
      t.deepEqual(
        broken(vector, group, 32),
        group.map(() => 0),
        `${vector.name} ${JSON.stringify(group)}`,
      );
    }
  }
});

test("a relation that is no condition is broken", (t) => {
  for (const vector of VECTORS) {
    const group = groups(vector.conditions)[0]!;
    const opposite = group.map((condition) => ({ ...condition, differ: !condition.differ }));
    t.deepEqual(
      broken(vector, opposite, 8),
      group.map(() => 8),
      vector.name,
    );
    const { word, bit } = group[0]!.bits[0];
    const elsewhere = { word, bit: (bit + 11) % 32 };
    const unrelated = { bits: [{ word, bit }, elsewhere] as const, differ: true };
    t.not(broken(vector, [unrelated], 64)[0], 0, vector.name);
  }
});

test("a vector and its differences obey the message expansion", (t) => {
  for (const { name, differences } of VECTORS) {
    for (const words of [differences, vectorWords(name)]) {
      for (let i = 16; i < words.length; i++) {
        const expanded = rotateLeft(words[i - 3]! ^ words[i - 8]! ^ words[i - 14]! ^ words[i - 16]!, 1);
        t.is(words[i], expanded, `${name} ${i}`);
      }
    }
  }
});

test("before the step of equal states no disturbance is left to correct", (t) => {
  for (const { name, equalStep } of VECTORS) {
    const before = vectorWords(name).subarray(equalStep, equalStep + WORDS_BEFORE);
    t.deepEqual([...before], [0, 0, 0, 0, 0], name);
  }
  t.is(new Set(VECTORS.map(({ name }) => name)).size, 32);
});

test("both published collisions go by II(52,0), and fulfil its conditions", (t) => {
  const vector = VECTORS.find(({ name }) => name === "II(52,0)")!;
  for (const { name, messages, firstBlock, lastBlock } of PAIRS) {
    for (let block = firstBlock; block <= lastBlock; block++) {
      const [a, b] = messages.map((message) => expandBlock(message.subarray(block * 64, block * 64 + 64)));
      t.deepEqual(
        a!.map((word, i) => word ^ b![i]!),
        vector.differences,
        `${name} ${block}`,
      );
      t.true(vector.conditions.every((condition) => holds(a!, condition)));
      t.true(vector.conditions.every((condition) => holds(b!, condition)));
    }
  }
});
