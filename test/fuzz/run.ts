/**
 * Feeds damaged, doubtful and hostile images to all that reads images, for the time that is given, and
 * measures what each call takes.
 *
 *     node test/fuzz/run.ts [--seconds N | --cases N] [--seed N] [--case N]
 *
 * A case is made from the seed and its number alone: a failure is reported with both, and `--seed N --case N`
 * runs it again. Status 1 if a case failed: by its result, by its CPU or its memory, or because it did not
 * end.
 */
import { fork } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { makeCase } from "./cases.ts";
import type { Finding } from "./child.ts";

const CHILD = new URL("child.ts", import.meta.url);

/** Cases that a child runs before another follows: memory that it keeps must not hide what a case takes. */
const CASES_A_CHILD = 2000;

/** Failures after which no more cases are run. */
const MOST_FAILURES = 10;

/** Seconds without a word after which a case does not end, on whatever machine. */
const PATIENCE = 300;

/** Seconds between two lines that tell how far it is. */
const REPORT = 60;

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    cases: { type: "string" },
    seed: { type: "string", default: String(Date.now() % 2 ** 31) },
    case: { type: "string" },
  },
});
const seed = Number(values.seed);
const isTimed = values.cases === undefined && values.case === undefined;
const end = isTimed ? performance.now() + Number(values.seconds) * 1000 : Number.POSITIVE_INFINITY;
const first = Number(values.case ?? 0);
const limit = values.case !== undefined ? 1 : isTimed ? Number.POSITIVE_INFINITY : Number(values.cases);

interface Sums {
  cases: number;
  hostile: number;
  full: number;
  failures: number;
  /** The cases that took most, the bounds made small, and those with the bounds as they are. */
  cpu: Finding | undefined;
  memory: Finding | undefined;
  fullCpu: Finding | undefined;
  fullMemory: Finding | undefined;
}

const sums: Sums = {
  cases: 0,
  hostile: 0,
  full: 0,
  failures: 0,
  cpu: undefined,
  memory: undefined,
  fullCpu: undefined,
  fullMemory: undefined,
};

function note(finding: Finding): void {
  sums.cases++;
  if (finding.isHostile) sums.hostile++;
  if (finding.isFull) sums.full++;
  const [cpu, memory] = finding.isFull ? (["fullCpu", "fullMemory"] as const) : (["cpu", "memory"] as const);
  if (finding.cpu > (sums[cpu]?.cpu ?? 0)) sums[cpu] = finding;
  if (finding.mebibytes > (sums[memory]?.mebibytes ?? 0)) sums[memory] = finding;
  if (finding.failure !== undefined) fail(finding.number, finding.failure);
}

function fail(number: number, why: string): void {
  sums.failures++;
  const file = join(tmpdir(), `docteur-fuzz-${seed}-${number}.img`);
  writeFileSync(file, makeCase(seed, number).image);
  console.error(`fuzz: seed ${seed}, case ${number} failed; the image is ${file}\n${why}`);
}

/**
 * Runs cases in a child.
 * @param position a file in which the child says what case it is at.
 * @returns the number of the case to go on with.
 */
function runChild(from: number, count: number, position: string): Promise<number> {
  writeFileSync(position, `${from}`.padEnd(16));
  const child = fork(CHILD, [String(seed), String(from), String(count), position], {
    execArgv: ["--max-old-space-size=256", "--max-semi-space-size=2"],
  });
  let told = performance.now();
  let isDone = false;
  let isHanging = false;
  child.on("message", (finding: Finding) => {
    told = performance.now();
    note(finding);
    if (sums.failures >= MOST_FAILURES || told > end) {
      isDone = true;
      child.kill("SIGKILL");
    }
  });
  const watch = setInterval(() => {
    if (performance.now() - told < PATIENCE * 1000) return;
    isHanging = true;
    child.kill("SIGKILL");
  }, 1000);
  return new Promise((resolve) => {
    child.once("exit", (status, signal) => {
      clearInterval(watch);
      const at = Number(readFileSync(position, "latin1"));
      if (status === 0 || isDone) return resolve(from + count);
      fail(at, isHanging ? `it did not end in ${PATIENCE} s` : `the process ended with ${signal ?? status}`);
      resolve(at + 1);
    });
  });
}

function describe(finding: Finding | undefined, of: "cpu" | "mebibytes"): string {
  if (finding === undefined) return "nothing";
  const what =
    of === "cpu" ? `${finding.cpu.toFixed(2)} s (${finding.call})` : `${Math.round(finding.mebibytes)} MiB`;
  return `${what} in case ${finding.number}`;
}

async function runAll(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "docteur-fuzz-"));
  const started = performance.now();
  const report = setInterval(() => console.error(`fuzz: ${sums.cases} cases so far`), REPORT * 1000);
  let next = first;
  const isOver = () => performance.now() >= end || sums.failures >= MOST_FAILURES;
  /** Runs parts of the cases, one after the other, until none is left. */
  const work = async (position: string) => {
    while (next < first + limit && !isOver()) {
      let from = next;
      next = Math.min(next + CASES_A_CHILD, first + limit);
      for (const partEnd = next; from < partEnd && !isOver(); ) {
        from = await runChild(from, partEnd - from, position);
      }
    }
  };
  try {
    const workers = Array.from({ length: availableParallelism() }, (_, worker) => join(folder, `${worker}`));
    await Promise.all(workers.map(work));
  } finally {
    clearInterval(report);
    rmSync(folder, { recursive: true, force: true });
  }
  const minutes = (performance.now() - started) / 60_000;
  const rate = Math.round(sums.cases / minutes);
  console.log(
    `fuzz: seed ${seed}, ${sums.cases} cases, ${sums.hostile} of them hostile, ${sums.failures} failures, ${rate} a minute`,
  );
  console.log(
    `fuzz: with small bounds, most CPU of a call ${describe(sums.cpu, "cpu")}, most memory ${describe(sums.memory, "mebibytes")}`,
  );
  console.log(
    `fuzz: with the bounds as they are, ${sums.full} cases, most CPU of a call ${describe(sums.fullCpu, "cpu")}, most memory ${describe(sums.fullMemory, "mebibytes")}`,
  );
  return sums.failures === 0 ? 0 : 1;
}

process.exitCode = await runAll();
