/**
 * Runs cases one after the other: `child.ts SEED FIRST COUNT FILE`. Writes the number of the case that it is
 * at to the start of FILE, for its parent to know should it end or not end, and sends its parent what it has
 * found.
 */
import { openSync, writeSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { ConnectOptions } from "../../reader/store/connect.ts";
import { makeCase } from "./cases.ts";
import { exercise } from "./exercise.ts";
import { Meter } from "./meter.ts";

/** What a child reports of a case. */
export interface Finding {
  readonly number: number;
  readonly failure?: string;
  /** Seconds of CPU of the call that took most, and which it was. */
  readonly cpu: number;
  readonly call: string;
  readonly mebibytes: number;
  readonly isFull: boolean;
  readonly isHostile: boolean;
}

const MIB = 2 ** 20;

/**
 * A small part of what the reader may hold and do, so that many cases can be run: what has no bound shows all
 * the same.
 */
const SMALL: ConnectOptions = {
  maxObjectSize: 8 * MIB,
  maxLayoutSize: 4 * MIB,
  baseCacheSize: MIB,
  treeCacheSize: MIB,
  sectorCacheSize: MIB / 8,
};
const SMALL_FACTOR = 1 / 64;

/**
 * Seconds of CPU for one call, and MiB for the process, on a machine that others load too. With the bounds as
 * they are, a command takes at most 600 MiB; here several calls follow one another before the collector comes
 * by.
 */
const SMALL_BOUND = { seconds: 2.5, mebibytes: 400 };
const FULL_BOUND = { seconds: 12, mebibytes: 900 };

const [seed = 0, first = 0, count = 0] = process.argv.slice(2, 5).map(Number);
const position = openSync(process.argv[5]!, "r+");

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

for (let number = first; number < first + count; number++) {
  writeSync(position, `${number}`.padEnd(16), 0);
  const finding = await run(number);
  await new Promise((resolve) => process.send!(finding, resolve));
}
process.disconnect?.();

/** Runs a case; once more if it took too much memory, without what the cases before have left. */
async function run(number: number): Promise<Finding> {
  const finding = await measure(number);
  if (!finding.isTooLarge) return finding;
  collect();
  return await measure(number);
}

async function measure(number: number): Promise<Finding & { readonly isTooLarge: boolean }> {
  const { image, isHostile, isFull } = makeCase(seed, number);
  const bound = isFull ? FULL_BOUND : SMALL_BOUND;
  const meter = new Meter(bound.seconds);
  meter.start();
  const limits = isFull ? { options: {}, workFactor: 1 } : { options: SMALL, workFactor: SMALL_FACTOR };
  const rules = { ...limits, number };
  let failure: string | undefined;
  try {
    await exercise(image, isHostile, rules, meter);
  } catch (error) {
    failure = (error as Error).stack ?? String(error);
  }
  const mebibytes = meter.memory;
  const isTooLarge = mebibytes > bound.mebibytes;
  if (isTooLarge) failure ??= `it took ${Math.round(mebibytes)} MiB of at most ${bound.mebibytes}`;
  const { value: cpu, call } = meter.cpu;
  return { number, ...(failure && { failure }), cpu, call, mebibytes, isFull, isHostile, isTooLarge };
}
