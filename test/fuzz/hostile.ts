import { FORMATS } from "../reader/formats.ts";
import {
  deepChain,
  growingChain,
  manyDeltasOnOneBase,
  manyInstructions,
  references,
  smallOfBig,
} from "./hostile/deltas.ts";
import { bombs, falseClaims, hugeCommit, manyTiny } from "./hostile/objects.ts";
import { Parts, type UpTo } from "./hostile/parts.ts";
import { deepTrees, hugeFolders, longLinks, longNames, sharedTrees } from "./hostile/trees.ts";
import type { Random } from "./random.ts";

/**
 * An image that is made to take its reader's time or memory, its ids right where that leads further.
 * @param isLarge whether it is to be as large as these get; most others are small.
 */
export function generateHostile(random: Random, isLarge: boolean): Buffer {
  const make = random.pick(Object.values(SHAPES));
  return make(random.pick(PARTS), isLarge ? largest(random) : anySize(random), random);
}

/** For images of either object format. */
const PARTS = FORMATS.map((format) => new Parts(format));

/** Small ones as likely as large ones. */
function anySize(random: Random): UpTo {
  return (most) => Math.max(1, Math.floor(2 ** ((random.below(1000) / 1000) * Math.log2(most))));
}

function largest(random: Random): UpTo {
  return (most) => Math.max(1, most - random.below(Math.ceil(most / 8)));
}

/** By what they overdo. */
const SHAPES: Readonly<Record<string, (parts: Parts, upTo: UpTo, random: Random) => Buffer>> = {
  depth: deepChain,
  width: manyDeltasOnOneBase,
  growth: growingChain,
  shrinking: smallOfBig,
  instructions: manyInstructions,
  references: references,
  claims: falseClaims,
  sharing: sharedTrees,
  entries: hugeFolders,
  nesting: deepTrees,
  links: longLinks,
  names: longNames,
  commit: hugeCommit,
  inflation: bombs,
  number: manyTiny,
};
