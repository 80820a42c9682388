import { execFileSync } from "node:child_process";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import fc from "fast-check";
import { makeImage, verifyImage } from "../../../image-builder/index.ts";
import { BIG_FILE_THRESHOLD, LARGE_FILE } from "../../../image-builder/packing/compression.ts";
import { LargeDeltaEncoder } from "../../../image-builder/packing/large-delta-encoder.ts";
import { PART_CLASSES, partClassOf } from "../../../image-builder/packing/part-class.ts";
import { sketch } from "../../../image-builder/packing/sketch.ts";
import { SmallDeltaEncoder } from "../../../image-builder/packing/small-delta-encoder.ts";
import type { HashAlgorithm } from "../../../reader/git/hash.ts";
import { HASH_ALGORITHMS, ID_LENGTHS } from "../../../reader/git/object-format.ts";
import { deltaTarget } from "../../reader/pack-fixture.ts";
import { temporaryFolder } from "../../temporary-folder.ts";

const DATE = "2020-10-10T08:00:00+00:00";

/** Two contents that have some pieces in common. */
const alike = fc
  .record({
    pieces: fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { minLength: 1, maxLength: 12 }),
    base: fc.array(fc.nat(11), { minLength: 1, maxLength: 20 }),
    target: fc.array(fc.nat(11), { minLength: 1, maxLength: 20 }),
    repeat: fc.integer({ min: 1, max: 40 }),
  })
  .map(({ pieces, base, target, repeat }) => {
    const join = (order: readonly number[]) =>
      Buffer.concat(order.map((each) => Buffer.from(pieces[each % pieces.length] as Uint8Array)));
    return { base: join(base), target: Buffer.concat(Array.from({ length: repeat }, () => join(target))) };
  });

for (const [name, make, most] of [
  ["small", () => new SmallDeltaEncoder(), 0xffff],
  ["large", () => new LargeDeltaEncoder(), Number.POSITIVE_INFINITY],
] as const) {
  test(`a delta of the encoder for ${name} files makes the target of the base, and is no longer than asked for`, (t) => {
    const encoder = make();
    const property = fc.property(alike, fc.nat(3000), ({ base, target }, bound) => {
      if (base.length > most || target.length > most) return;
      for (const limit of [2 * target.length + 64, bound]) {
        const delta = encoder.encode(base, target, limit);
        if (delta === undefined) {
          t.not(limit, 2 * target.length + 64);
          continue;
        }
        t.true(delta.length <= limit);
        t.deepEqual(deltaTarget(base, delta), target);
      }
    });
    t.notThrows(() => fc.assert(property, { numRuns: 400 }));
  });
}

test("copies of 64 KiB and more, and of the last bytes of a large base, are right", (t) => {
  const base = Buffer.alloc(300_000);
  for (let i = 0; i < base.length; i++) base[i] = (Math.imul(i, 2654435761) >>> 13) & 0xff;
  const encoder = new LargeDeltaEncoder();
  for (const target of [
    base,
    base.subarray(17),
    Buffer.concat([base.subarray(200_000), base, Buffer.from("x")]),
  ]) {
    const delta = encoder.encode(base, target, target.length);
    t.true(delta !== undefined && delta.length < 2000, `${delta?.length}`);
    t.deepEqual(deltaTarget(base, delta as Uint8Array), Buffer.from(target));
  }
});

test("contents that are alike have hashes of their sketches in common, others have not", (t) => {
  const page = (n: number) =>
    Buffer.from(`page ${n}: ${"the same words in each of them, and more. ".repeat(9)}`);
  const common = (a: Uint8Array, b: Uint8Array) =>
    [...sketch(a)].filter((hash) => sketch(b).includes(hash)).length;
  t.true(common(page(1), page(2)) > 8);
  t.is(common(page(1), Buffer.from(Array.from({ length: 500 }, (_, i) => (i * 7919) & 0xff))), 0);
  t.is(sketch(Buffer.from("short")).length, 0);
});

test("every size has a class, and the classes of large files are near one another in size", (t) => {
  for (const size of [0, 1, 4096, 4097, 32_768, LARGE_FILE, LARGE_FILE + 1, BIG_FILE_THRESHOLD, 2 ** 40]) {
    t.true(size <= partClassOf("blob", size).most);
  }
  t.is(partClassOf("blob", BIG_FILE_THRESHOLD).name, "large files");
  t.is(partClassOf("blob", BIG_FILE_THRESHOLD + 1).name, "huge files");
  const bounds = PART_CLASSES.filter(({ name }) => name === "large files").map(({ most }) => most);
  for (const [i, most] of bounds.entries()) t.true(most <= 1.51 * (bounds[i - 1] ?? LARGE_FILE));
});

/** Makes an image of files, and compares them with what git reads of its PACK. @returns bytes of the PACK. */
async function packed(
  t: ExecutionContext,
  files: Readonly<Record<string, string>>,
  options: { withoutDeltas?: boolean; objectFormat?: HashAlgorithm } = {},
): Promise<{ bytes: number; image: Buffer; deltas: number; longestChain: number }> {
  const folder = temporaryFolder(t);
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  const image = join(temporaryFolder(t), "x.img");
  const made = await makeImage({ repository: folder, image, date: DATE, ...options });
  const { deltas, longestChain } = await verifyImage(image);
  const repository = join(temporaryFolder(t), "look.git");
  execFileSync("git", ["init", "-q", "--bare", `--object-format=${made.hash}`, repository]);
  const start = ID_LENGTHS[made.hash] + 8;
  const pack = join(repository, "objects/pack/pack-x.pack");
  writeFileSync(pack, readFileSync(image).subarray(start, start + made.packBytes));
  execFileSync("git", ["-C", repository, "index-pack", "--strict", pack], { stdio: "ignore" });
  for (const name of Object.keys(files).filter((_, i) => i % 17 === 0)) {
    const shown = execFileSync("git", ["-C", repository, "show", `${made.commit}:${name}`], {
      maxBuffer: 1 << 26,
    });
    t.is(shown.toString(), files[name] as string);
  }
  t.is(statSync(image).size, made.bytes);
  return { bytes: made.packBytes, image: readFileSync(image), deltas, longestChain };
}

for (const format of HASH_ALGORITHMS) {
  test(`small files that are alike take much less than undeltified (${format})`, async (t) => {
    const words = "archive extract compress list verbose file directory output input format".split(" ");
    const files = Object.fromEntries(
      Array.from({ length: 600 }, (_, n) => {
        const name = `tool-${n}`;
        const lines = Array.from({ length: 6 }, (_, i) => {
          const word = words[(n * 7 + i * 3) % words.length];
          return `- ${word} a file with ${name}:\n\n\`${name} --${word} {{path/to/file_${i}}} {{path/to/other}}\`\n`;
        });
        return [
          `${name}.md`,
          `# ${name}\n\n> Work with files and archives of many kinds.\n\n${lines.join("\n")}`,
        ];
      }),
    );
    const [deltified, whole] = [
      await packed(t, files, { objectFormat: format }),
      await packed(t, files, { objectFormat: format, withoutDeltas: true }),
    ];
    t.true(deltified.deltas > 500 && deltified.longestChain <= 2, `${deltified.deltas}`);
    t.is(whole.deltas, 0);
    t.true(deltified.bytes < 0.6 * whole.bytes, `${deltified.bytes} ${whole.bytes}`);
    t.deepEqual((await packed(t, files, { objectFormat: format })).image, deltified.image);
  });
}

test("large files that are alike are deltas of one another, others are not", async (t) => {
  let state = 1;
  const noise = (bytes: number) => {
    let text = "";
    while (text.length < bytes) {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      text += state.toString(36);
    }
    return text.slice(0, bytes);
  };
  const shared = noise(400_000);
  const files: Record<string, string> = {};
  for (let n = 0; n < 6; n++) {
    files[`alike-${n}.txt`] = shared.slice(0, 200_000) + noise(5_000 * n) + shared.slice(200_000);
    files[`other-${n}.txt`] = noise(300_000 + n);
  }
  const { deltas, bytes, longestChain } = await packed(t, files);
  t.is(deltas, 5);
  t.true(longestChain <= 2);
  t.true(bytes < 0.75 * (await packed(t, files, { withoutDeltas: true })).bytes);
});
