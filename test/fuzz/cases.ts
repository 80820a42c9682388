import { readFileSync } from "node:fs";
import { join } from "node:path";
import { FIXTURES, SHA256_FIXTURES } from "../fixtures.ts";
import { generateImage } from "./generate.ts";
import { generateHostile } from "./hostile.ts";
import { layOut } from "./lay-out.ts";
import { mutate } from "./mutate.ts";
import { Random } from "./random.ts";

const IMAGES = [
  ...["small.img", "git.img", "small-bs4096.img"].map((name) => join(FIXTURES, name)),
  ...["bases-by-id.img", "bases-by-offset.img", "laid-out.img"].map((name) => join(SHA256_FIXTURES, name)),
].map((path) => readFileSync(path));

/** An input of the fuzzer. */
export interface Case {
  readonly image: Buffer;
  /** Whether it was made to take its reader's time or memory. */
  readonly isHostile: boolean;
  /** Whether the reader is to be held to the bounds as they are: that takes seconds, so few cases are. */
  readonly isFull: boolean;
}

/**
 * One in so many is made to take time or memory; of those one in so many is read with the bounds as they are.
 */
const HOSTILE = 16;
const FULL = 300;

/** The case of a number. It depends on the seed and the number alone. */
export function makeCase(seed: number, number: number): Case {
  const random = new Random(Math.imul(seed, 0x9e3779b1) ^ Math.imul(number, 0x85ebca6b));
  if (random.once(HOSTILE)) {
    const isFull = random.once(FULL);
    const image = generateHostile(random, isFull);
    return {
      image: random.once(6) ? mutate(random, image, random.pick(IMAGES)) : image,
      isHostile: true,
      isFull,
    };
  }
  const generated = !random.once(3);
  const plain = generated ? generateImage(random) : random.pick(IMAGES);
  const source = random.once(3) ? layOut(random, plain) : plain;
  if (generated && random.once(2)) return { image: source, isHostile: false, isFull: false };
  const other = random.once(2) ? generateImage(random) : random.pick(IMAGES);
  return { image: mutate(random, source, other), isHostile: false, isFull: false };
}
