import { parseArgs } from "node:util";

/** What an injector of faults has seen. */
export interface Tally {
  /** How the reads ended: how many with the right bytes, and with each code of an error. */
  readonly ends: Map<string, number>;
  /** What the server has sent: bits that changed, resets and so on. */
  readonly faults: Map<string, number>;
  /** What must not be: wrong bytes, another error, a secret in a message. */
  readonly wrong: string[];
}

export function add(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

/** Runs an injector with the seed and the number of runs of this process's arguments, and prints what it has seen. */
export async function runInjector(
  inject: (seed: number, count: number) => Promise<Tally>,
  runs: number,
): Promise<void> {
  const { values } = parseArgs({ options: { runs: { type: "string" }, seed: { type: "string" } } });
  const seed = Number(values.seed ?? Date.now() % 2 ** 31);
  console.log(`seed ${seed}`);
  const { ends, faults, wrong } = await inject(seed, Number(values.runs ?? runs));
  console.log(Object.fromEntries(ends), Object.fromEntries(faults));
  for (const line of wrong.slice(0, 20)) console.log(line);
  process.exitCode = wrong.length === 0 ? 0 : 1;
}
