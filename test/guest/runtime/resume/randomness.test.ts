import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import test from "ava";

/** What a process draws after its randomness was renewed, and what AT_RANDOM is then. */
function draw(entropy: Uint8Array): { contexts: number[]; own: number; atRandom: string } {
  const script = join(import.meta.dirname, "renewed.ts");
  const args = ["--disable-warning=ExperimentalWarning", script, Buffer.from(entropy).toString("hex")];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" }));
}

test("the numbers of new contexts, and AT_RANDOM, depend on the entropy alone", (t) => {
  const entropy = [1, 2, 3].map((value) => Buffer.alloc(96, value));
  const draws = [...entropy, entropy[0]!].map(draw);
  t.deepEqual(draws[3]!.contexts, draws[0]!.contexts, "the same of the same");
  const numbers = draws.slice(0, 3).flatMap(({ contexts }) => contexts);
  t.is(new Set(numbers).size, 12, "each of four contexts its own");
  t.true(numbers.every((number) => number >= 0 && number < 1));
  for (const [index, { atRandom }] of draws.slice(0, 3).entries()) {
    t.is(atRandom, Buffer.alloc(16, index + 1).toString("hex"));
  }
});

test("the process's own Math.random depends on more: OpenSSL asks the kernel, too", (t) => {
  const entropy = randomBytes(96);
  t.not(draw(entropy).own, draw(entropy).own);
});

test("V8's generator is found each time", (t) => {
  for (let time = 0; time < 10; time++) t.is(draw(randomBytes(96)).contexts.length, 4);
});
