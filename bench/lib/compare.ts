import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import "./one-line.ts";

/** One way of doing the thing that is measured. */
export interface Contender {
  readonly name: string;
  /**
   * Does it once. Returns other measures of a round, such as bytes of memory; and `seconds`, if only a part
   * of the round counts.
   */
  run(): Promise<Readonly<Record<string, number>>>;
}

export interface Claim {
  /** The name of the results' file. */
  readonly name: string;
  readonly title: string;
  /** The project's own contender, and the one it is compared with. */
  readonly ours: Contender;
  readonly peer: Contender;
  /** Others, for information. */
  readonly others?: readonly Contender[];
  /** What ours takes at most, as a part of what the peer takes. */
  readonly target: number;
}

const ROUNDS = Number(process.env.ROUNDS ?? 5);
const RESULTS = new URL("../results/", import.meta.url).pathname;

/**
 * Runs the contenders in turn, some rounds of all after one that does not count, so that whatever else the
 * machine does meets them alike. Prints the medians and their ratio, and writes every round to
 * `bench/results/NAME.json`.
 */
export async function compare(claim: Claim): Promise<void> {
  const contenders = [claim.ours, claim.peer, ...(claim.others ?? [])];
  const rounds = new Map<Contender, { seconds: number; more: Readonly<Record<string, number>> }[]>();
  for (let round = 0; round <= ROUNDS; round++) {
    for (const contender of contenders) {
      const start = process.hrtime.bigint();
      const { seconds = Number(process.hrtime.bigint() - start) / 1e9, ...more } = await contender.run();
      if (round > 0) rounds.set(contender, [...(rounds.get(contender) ?? []), { seconds, more }]);
    }
  }
  const results = contenders.map((contender) => {
    const all = rounds.get(contender) ?? [];
    const keys = Object.keys(all[0]?.more ?? {});
    return {
      name: contender.name,
      seconds: median(all.map(({ seconds }) => seconds)),
      more: Object.fromEntries(keys.map((key) => [key, median(all.map(({ more }) => more[key] as number))])),
      rounds: all,
    };
  });
  const [ours, peer] = results as [(typeof results)[0], (typeof results)[0]];
  const ratio = ours.seconds / peer.seconds;
  const width = Math.max(...results.map(({ name }) => name.length));
  const lines = [
    claim.title,
    ...results.map(({ name, seconds, more }) => {
      const rest = Object.entries(more).map(([key, value]) => `  ${key} ${Math.round(value * 10) / 10}`);
      return `  ${name.padEnd(width)}  ${(seconds * 1000).toFixed(1).padStart(9)} ms${rest.join("")}`;
    }),
    `  ratio ${ratio.toFixed(2)} (${(1 / ratio).toFixed(2)} times as fast); target at most ${claim.target.toFixed(2)}`,
  ];
  process.stdout.write(`${lines.join("\n")}\n\n`);
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(
    join(RESULTS, `${claim.name}.json`),
    `${JSON.stringify({ title: claim.title, target: claim.target, ratio, node: process.version, results }, null, 2)}\n`,
  );
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}
