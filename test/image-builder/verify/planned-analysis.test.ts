import { readFileSync } from "node:fs";
import test from "ava";
import type { VerifiedCommit } from "../../../image-builder/verify/verification.ts";
import { verifyDevice } from "../../../image-builder/verify/verify-device.ts";
import { memoryDevice } from "../../../reader/block/memory.ts";
import { DocteurError } from "../../../reader/errors.ts";
import { ALL_IMAGES } from "../../fixtures.ts";
import { generateImage } from "../../fuzz/generate.ts";
import { mutate } from "../../fuzz/mutate.ts";
import { Random } from "../../fuzz/random.ts";
import { FORMATS } from "../../reader/formats.ts";
import { assembleImage } from "../../reader/image-fixture.ts";
import {
  commitOf,
  copy,
  delta,
  imageOfTree,
  insert,
  type MadeEntry,
  makePack,
  ofsDelta,
  refDelta,
  treeOf,
  whole,
} from "../../reader/pack-fixture.ts";
import { Repository } from "../../reader/repository.ts";
import { verifyTogether } from "./together.ts";

const THREADS = [1, 2, 3] as const;

function scanned(image: Uint8Array): VerifiedCommit | undefined {
  try {
    return verifyDevice(memoryDevice(image));
  } catch (error) {
    if (error instanceof DocteurError) return undefined;
    throw error;
  }
}

test("several threads verify the images of either object format to the result of one scan", (t) => {
  for (const name of ALL_IMAGES.keys()) {
    const image = readFileSync(name);
    for (const threads of THREADS) {
      t.deepEqual(verifyTogether(image, threads, new Random(threads)), scanned(image), name);
    }
  }
});

test("several threads verify generated PACKs of git to the result of one scan", (t) => {
  const random = new Random(1);
  let deepest = 0;
  for (let round = 0; round < 25; round++) {
    using repository = new Repository(FORMATS[round % FORMATS.length]);
    const lines = Array.from({ length: 40 }, (_, line) => `line ${line} of ${random.below(1000)}`);
    const files = Array.from({ length: 5 + random.below(120) }, (_, i) => {
      lines[random.below(lines.length)] = `changed ${random.below(10_000)}`;
      if (random.once(4)) lines.push(`more ${i}`);
      return {
        mode: "100644",
        name: `f${String(i).padStart(4, "0")}`,
        id: repository.write("blob", lines.join("\n")),
      };
    });
    const commit = repository.writeCommit(repository.writeTree(files));
    const shape = {
      depth: random.pick([0, 2, 50, 250]),
      window: random.pick([0, 10, 80]),
      offsetDeltas: random.once(2),
    };
    const image = assembleImage({ commit, ...repository.pack(commit, shape) });
    const expected = scanned(image)!;
    deepest = Math.max(deepest, expected.verification.longestChain);
    for (const threads of THREADS) t.deepEqual(verifyTogether(image, threads, random), expected);
  }
  t.true(deepest > 10, `the deepest chain has ${deepest} deltas`);
});

test("several threads accept no generated or damaged image that one scan refuses, and nothing else of it", (t) => {
  let sound = 0;
  let verified = 0;
  for (let seed = 0; seed < 600; seed++) {
    const random = new Random(seed);
    const other = generateImage(random);
    const image = random.once(2) ? other : mutate(random, shapes(random), other);
    const expected = scanned(image);
    if (expected !== undefined) sound++;
    for (const threads of THREADS) {
      const found = verifyTogether(image, threads, random);
      if (found === undefined) continue;
      verified++;
      t.deepEqual(found, expected, `seed ${seed}, ${threads} threads`);
    }
  }
  t.true(sound >= 20 && verified >= 60, `${sound} images are sound, ${verified} times one is verified`);
});

test("several threads verify deltas in every order, as long as a chain leads to an undeltified object", (t) => {
  for (let seed = 0; seed < 200; seed++) {
    const random = new Random(seed);
    const image = shapes(random);
    const expected = scanned(image);
    t.not(expected, undefined);
    for (const threads of THREADS) t.deepEqual(verifyTogether(image, threads, random), expected, `${seed}`);
  }
});

for (const format of FORMATS) {
  test(`${format.name}: several threads are in doubt of circles, missing bases, objects that are there twice`, (t) => {
    const [a, b] = [Buffer.from("content a"), Buffer.from("content b")];
    const idOf = (content: Buffer) => whole("blob", content, format).id;
    const onA = refDelta(idOf(a), delta(9, 9, copy(0, 8), insert("b")), b, "blob", format);
    const onB = refDelta(idOf(b), delta(9, 9, copy(0, 8), insert("a")), a, "blob", format);
    const onNothing = refDelta(
      "12".repeat(format.idLength),
      delta(9, 9, copy(0, 8), insert("b")),
      b,
      "blob",
      format,
    );
    const root = treeOf({ b: idOf(b) }, "100644", format);
    const cases: [string, readonly MadeEntry[], boolean][] = [
      ["a circle", [onA, onB], false],
      ["a circle beside others", [onA, onB, whole("blob", "other", format)], false],
      ["a missing base", [onNothing], false],
      ["a circle that one of its objects breaks", [onA, onB, whole("blob", a, format)], true],
      ["two of one object", [whole("blob", b, format), whole("blob", b, format)], true],
    ];
    for (const [name, entries, isSound] of cases) {
      const image = imageOfTree(root, entries, format);
      t.is(scanned(image) !== undefined, isSound, name);
      for (const threads of THREADS) t.is(verifyTogether(image, threads, new Random(1)), undefined, name);
    }
  });

  test(`${format.name}: a base that the IDX names wrongly is not taken for the right one`, (t) => {
    const [a, b, c] = [Buffer.from("content a"), Buffer.from("content b"), Buffer.from("content c")];
    const wrong = { ...whole("blob", b, format), id: whole("blob", a, format).id };
    const onA = refDelta(wrong.id, delta(9, 9, copy(0, 8), insert("c")), c, "blob", format);
    const entries = [wrong, onA];
    const root = treeOf({ c: onA.id }, "100644", format);
    const image = imageOfTree(root, entries, format);
    t.is(scanned(image), undefined);
    for (const threads of THREADS) t.is(verifyTogether(image, threads, new Random(1)), undefined);
  });

  test(`${format.name}: many deltas on one object are shared out`, (t) => {
    const base = whole("blob", "the base of all", format);
    const deltas = Array.from({ length: 700 }, (_, i) => {
      const content = Buffer.from(`the base of all${i}`);
      return refDelta(
        base.id,
        delta(15, content.length, copy(0, 15), insert(`${i}`)),
        content,
        "blob",
        format,
      );
    });
    const root = treeOf(
      Object.fromEntries(deltas.map(({ id }, i) => [String(i).padStart(4, "0"), id])),
      "100644",
      format,
    );
    const commit = commitOf(root.id, format);
    const image = assembleImage({ commit: commit.id, ...makePack([commit, root, ...deltas, base], format) });
    const expected = scanned(image);
    t.is(expected?.verification.deltas, 700);
    for (const threads of THREADS) t.deepEqual(verifyTogether(image, threads, new Random(1)), expected);
  });
}

/**
 * An image of blobs of which most are deltas on others, by id or by offset, before or after these, in chains
 * and trees.
 */
function shapes(random: Random): Buffer {
  const format = random.pick(FORMATS);
  const contents: Buffer[] = [];
  const entries: MadeEntry[] = [];
  for (let i = 0; i < 2 + random.below(60); i++) {
    const base = contents.length > 0 ? random.pick(contents.slice(random.once(2) ? -1 : 0)) : undefined;
    if (base === undefined || random.once(8)) {
      const content = Buffer.concat([Buffer.from(`${i}: `), random.bytes(20 + random.below(300))]);
      contents.push(content);
      entries.push(whole("blob", content, format));
      continue;
    }
    const length = 1 + random.below(base.length);
    const content = Buffer.concat([base.subarray(0, length), Buffer.from(` ${i}`)]);
    const made = delta(base.length, content.length, copy(0, length), insert(` ${i}`));
    const baseId = whole("blob", base, format).id;
    entries.push((random.once(2) ? refDelta : ofsDelta)(baseId, made, content, "blob", format));
    contents.push(content);
  }
  const root = treeOf(
    Object.fromEntries(entries.map(({ id }, i) => [String(i).padStart(4, "0"), id])),
    "100644",
    format,
  );
  return imageOfTree(root, shuffled(random, entries), format);
}

/** Each delta that names its base by its offset stays behind that. */
function shuffled(random: Random, entries: readonly MadeEntry[]): MadeEntry[] {
  const left = [...entries];
  const done: MadeEntry[] = [];
  while (left.length > 0) {
    const ready = left.filter(({ type, base }) => type !== 6 || done.some(({ id }) => id === base));
    const next = random.pick(ready);
    left.splice(left.indexOf(next), 1);
    done.push(next);
  }
  return done;
}
