import { type AnalysisTask, analysisTask } from "../../../image-builder/verify/analysis-task.ts";
import { planAnalysis } from "../../../image-builder/verify/plan.ts";
import { PlannedAnalysis } from "../../../image-builder/verify/planned-analysis.ts";
import type { VerifiedCommit } from "../../../image-builder/verify/verification.ts";
import { isWrong, verifySteps } from "../../../image-builder/verify/verify-together.ts";
import { memoryDevice } from "../../../reader/block/memory.ts";
import type { HashFunctions } from "../../../reader/git/hash.ts";
import type { Random } from "../../fuzz/random.ts";

/**
 * Verifies an image as several threads do, in one: in each step of this, a thread that chance chooses makes
 * one of its own. So that two threads meet in every order, and the same again for the same seed.
 *
 * @returns undefined if one of them is in doubt.
 */
export function verifyTogether(
  image: Uint8Array,
  threads: number,
  random: Random,
  workFactor = 1,
  functions?: HashFunctions,
): VerifiedCommit | undefined {
  const plan = planAnalysis("", memoryDevice(image));
  if (plan === undefined) return undefined;
  const task: AnalysisTask = analysisTask("", plan.header, plan.count, threads, workFactor);
  try {
    const planned = Array.from(
      { length: threads },
      (_, thread) =>
        new PlannedAnalysis(memoryDevice(image), task, thread, thread > 0 || threads === 1, functions),
    );
    const runs: Iterator<unknown, VerifiedCommit | unknown>[] = planned.map((each, thread) =>
      thread === 0 ? verifySteps(each, task) : each.run(),
    );
    const running = new Set(runs);
    for (let idle = 0; idle < 10_000; idle++) {
      const run = random.pick([...running]);
      const { done, value } = run.next();
      if (value !== "waiting") idle = 0;
      if (done !== true) continue;
      running.delete(run);
      if (run === runs[0]) return value as VerifiedCommit;
    }
    throw new Error("all threads wait");
  } catch (error) {
    if (isWrong(error)) return undefined;
    throw error;
  }
}
