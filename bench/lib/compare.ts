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
  /** What ours takes at most, as a part of what this one takes. Default: it is there for information. */
  readonly target?: number;
}

/** What a measure of ours is at most, whatever the others do. */
export interface Limit {
  /** Its name; `seconds` is one of them. */
  readonly measure: string;
  readonly most: number;
  /** Which of the rounds: the median, or the worst, where no round may fail. Default: the median. */
  readonly of?: "median" | "worst";
  /** Whether it is what ours has more of than the peer. Default: it is what ours has. */
  readonly beyondPeer?: boolean;
}

export interface Claim {
  /** The name of the results' file. */
  readonly name: string;
  readonly title: string;
  /** The project's own contender, and the one it is compared with. */
  readonly ours: Contender;
  readonly peer: Contender;
  readonly others?: readonly Contender[];
  /** What ours takes at most, as a part of what the peer takes. Default: the peer's own target, if it has one. */
  readonly target?: number;
  readonly limits?: readonly Limit[];
}

interface Result {
  readonly name: string;
  /** The median. */
  readonly seconds: number;
  /** The medians of the other measures. */
  readonly more: Readonly<Record<string, number>>;
  readonly rounds: readonly Round[];
}

interface Round {
  readonly seconds: number;
  readonly more: Readonly<Record<string, number>>;
}

const ROUNDS = Number(process.env.ROUNDS ?? 5);
const RESULTS = new URL("../results/", import.meta.url).pathname;

/**
 * Runs the contenders in turn, some rounds of all after one that does not count, so that whatever else the
 * machine does meets them alike. Prints the medians, their ratios and the limits, and writes every round to
 * `bench/results/NAME.json`.
 */
export async function compare(claim: Claim): Promise<void> {
  const peer = claim.target === undefined ? claim.peer : { ...claim.peer, target: claim.target };
  const contenders = [claim.ours, peer, ...(claim.others ?? [])];
  const rounds = contenders.map((): Round[] => []);
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [index, contender] of contenders.entries()) {
      const start = process.hrtime.bigint();
      const { seconds = Number(process.hrtime.bigint() - start) / 1e9, ...more } = await contender.run();
      if (round > 0) rounds[index]!.push({ seconds, more });
    }
  }
  const results = contenders.map(({ name }, index) => summary(name, rounds[index]!));
  const [ours, ...rest] = results as [Result, ...Result[]];
  const ratios = rest.flatMap((result, index) => {
    const { target } = contenders[index + 1]!;
    // The peer's ratio is of interest without a target, too.
    if (target === undefined && index > 0) return [];
    return [
      { to: result.name, ratio: ours.seconds / result.seconds, ...(target !== undefined && { target }) },
    ];
  });
  const limits = (claim.limits ?? []).map((limit) => {
    const less = limit.beyondPeer ? measured(rest[0]!, limit) : 0;
    return { ...limit, value: measured(ours, limit) - less };
  });
  const width = Math.max(...results.map(({ name }) => name.length));
  const lines = [
    claim.title,
    ...results.map(({ name, seconds, more }) => {
      const rest = Object.entries(more).map(([key, value]) => `  ${key} ${Math.round(value * 10) / 10}`);
      return `  ${name.padEnd(width)}  ${(seconds * 1000).toFixed(1).padStart(9)} ms${rest.join("")}`;
    }),
    ...ratios.map(({ to, ratio, target }) => {
      const fast = `${(1 / ratio).toFixed(2)} times as fast as ${to}`;
      return `  ratio ${ratio.toFixed(2)} (${fast})${verdict(ratio, target)}`;
    }),
    ...limits.map(({ measure, value, most, of, beyondPeer }) => {
      const which = `${of === "worst" ? "worst" : "median"}${beyondPeer ? `, beyond ${peer.name}` : ""}`;
      return `  ${measure} ${value.toFixed(2)} (${which})${verdict(value, most)}`;
    }),
  ];
  process.stdout.write(`${lines.join("\n")}\n\n`);
  mkdirSync(RESULTS, { recursive: true });
  const { title, target } = { title: claim.title, target: peer.target };
  const ratio = ratios[0]!.ratio;
  writeFileSync(
    join(RESULTS, `${claim.name}.json`),
    `${JSON.stringify({ title, target, ratio, ratios, limits, node: process.version, results }, null, 2)}\n`,
  );
}

function summary(name: string, rounds: readonly Round[]): Result {
  const keys = Object.keys(rounds[0]?.more ?? {});
  const more = keys.map((key) => [key, median(rounds.map((round) => round.more[key] as number))]);
  return {
    name,
    seconds: median(rounds.map(({ seconds }) => seconds)),
    more: Object.fromEntries(more),
    rounds,
  };
}

function measured({ seconds, more, rounds }: Result, { measure, of }: Limit): number {
  const get = (round: Round) => (measure === "seconds" ? round.seconds : round.more[measure]) as number;
  return of === "worst" ? Math.max(...rounds.map(get)) : get({ seconds, more });
}

function verdict(value: number, target: number | undefined): string {
  if (target === undefined) return "";
  return `; target at most ${target.toFixed(2)}: ${value <= target ? "met" : "missed"}`;
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}
