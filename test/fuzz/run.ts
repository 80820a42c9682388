/**
 * Feeds damaged and doubtful images to the reader, for as long as it is told to.
 *
 *     node test/fuzz/run.ts [--seconds N | --cases N] [--seed N] [--case N]
 *
 * A case is made from the seed and its number alone: what fails is told with both, and `--seed N --case N` runs it again.
 * Status 1 if a case failed.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { exercise } from "./exercise.ts";
import { generateImage } from "./generate.ts";
import { mutate } from "./mutate.ts";
import { Random } from "./random.ts";

const FIXTURES = ["small.img", "git.img", "small-bs4096.img"].map((name) =>
  readFileSync(new URL(`../fixtures/docteur-0.0.7/${name}`, import.meta.url)),
);

/** A case that takes longer than this is told of, though it may be sound. */
const SLOW_MS = 3000;

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    cases: { type: "string" },
    seed: { type: "string", default: String(Date.now() % 2 ** 31) },
    case: { type: "string" },
  },
});
const seed = Number(values.seed);

function makeCase(number: number): Buffer {
  const random = new Random(Math.imul(seed, 0x9e3779b1) ^ number);
  const generated = !random.once(3);
  const source = generated ? generateImage(random) : random.pick(FIXTURES);
  if (generated && random.once(2)) return source;
  return mutate(random, source, random.once(2) ? generateImage(random) : random.pick(FIXTURES));
}

/** Runs one case. @returns whether it went well. */
function runCase(number: number): boolean {
  const image = makeCase(number);
  const started = performance.now();
  try {
    exercise(image);
  } catch (error) {
    const file = join(tmpdir(), `docteur-fuzz-${seed}-${number}.img`);
    writeFileSync(file, image);
    console.error(
      `fuzz: seed ${seed}, case ${number} failed; the image is ${file}\n${(error as Error).stack}`,
    );
    return false;
  }
  const took = performance.now() - started;
  if (took > SLOW_MS) console.error(`fuzz: seed ${seed}, case ${number} took ${Math.round(took)} ms`);
  return true;
}

function runAll(): number {
  if (values.case !== undefined) return runCase(Number(values.case)) ? 0 : 1;
  const end =
    values.cases === undefined ? performance.now() + Number(values.seconds) * 1000 : Number.POSITIVE_INFINITY;
  const limit = values.cases === undefined ? Number.POSITIVE_INFINITY : Number(values.cases);
  let failures = 0;
  let done = 0;
  for (; done < limit && performance.now() < end && failures < 10; done++) if (!runCase(done)) failures++;
  const memory = Math.round(process.resourceUsage().maxRSS / 1024);
  console.log(`fuzz: seed ${seed}, ${done} cases, ${failures} failures, ${memory} MiB at most`);
  return failures === 0 ? 0 : 1;
}

process.exitCode = runAll();
