import type { BlockDevice } from "../../reader/block/device.ts";
import { DocteurError } from "../../reader/errors.ts";
import type { HashFunctions } from "../../reader/git/hash.ts";
import { type AnalysisTask, giveUp } from "./analysis-task.ts";
import { Doubt } from "./doubt.ts";
import { PlannedAnalysis, type Step } from "./planned-analysis.ts";
import { CollisionError } from "./sha1dc/collision-error.ts";
import type { VerifiedCommit } from "./verification.ts";
import { type OnVerifyProgress, verifyCommit } from "./verify-device.ts";

/** Milliseconds between two looks at what else a thread has to do, and between two reports of progress. */
const TURN = 10;
const REPORT = 50;

/**
 * Verifies an image as the first thread of an analysis, in a thread that has other things to do, signals for
 * instance: it looks at them every few milliseconds.
 *
 * @returns undefined when anything is wrong: `verifyDevice` then finds what, and where.
 * @throws the signal's reason.
 */
export async function verifyInTurns(
  device: BlockDevice,
  task: AnalysisTask,
  functions: HashFunctions,
  onProgress?: OnVerifyProgress,
  signal?: AbortSignal,
): Promise<VerifiedCommit | undefined> {
  const found = await unlessWrong(async () => {
    const planned = new PlannedAnalysis(device, task, 0, false, functions);
    const steps = verifySteps(planned, task);
    const report = reporter(planned, task, onProgress);
    for (let end = performance.now() + TURN; signal?.aborted !== true; ) {
      const { done, value } = steps.next();
      if (done === true) return value;
      const isWaiting = value === "waiting";
      if (!isWaiting && performance.now() < end) continue;
      report();
      await (isWaiting ? planned.change() : new Promise((resolve) => setImmediate(resolve)));
      end = performance.now() + TURN;
    }
    return undefined;
  });
  // Not in there: the reason may be an error that an image can cause, too.
  signal?.throwIfAborted();
  return found;
}

/** The same in a thread that has nothing else to do. */
export function verifyAtOnce(
  device: BlockDevice,
  task: AnalysisTask,
  functions: HashFunctions,
  onProgress?: OnVerifyProgress,
): Promise<VerifiedCommit | undefined> {
  return unlessWrong(async () => {
    const planned = new PlannedAnalysis(device, task, 0, true, functions);
    return finish(planned, verifySteps(planned, task), reporter(planned, task, onProgress));
  });
}

/** Takes part in an analysis that another thread is the first of. */
export async function helpAnalyze(
  device: BlockDevice,
  task: AnalysisTask,
  thread: number,
  functions: HashFunctions,
): Promise<void> {
  let isDone = false;
  try {
    await unlessWrong(async () => {
      const planned = new PlannedAnalysis(device, task, thread, true, functions);
      finish(planned, planned.run());
      isDone = true;
    });
  } finally {
    // The others must not wait for it, wherever it has failed.
    if (!isDone) giveUp(task);
  }
}

/** Verifies an image as the first thread of an analysis. @throws {Doubt} and any error of reading. */
export function* verifySteps(
  planned: PlannedAnalysis,
  { workFactor }: AnalysisTask,
): Generator<Step | undefined, VerifiedCommit> {
  const analysis = yield* planned.run();
  const walk = verifyCommit(planned.cache, analysis!, workFactor);
  for (;;) {
    const { done, value } = walk.next();
    if (done === true) {
      yield* planned.finishIdx();
      return value;
    }
    yield "working";
  }
}

function finish<Result>(
  planned: PlannedAnalysis,
  steps: Generator<Step | undefined, Result>,
  report?: () => void,
): Result {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
    report?.();
    if (value === "waiting") planned.waitForChange();
  }
}

function reporter(
  planned: PlannedAnalysis,
  { count }: AnalysisTask,
  onProgress: OnVerifyProgress | undefined,
): () => void {
  let next = performance.now() + REPORT;
  return () => {
    const now = performance.now();
    if (now < next) return;
    next = now + REPORT;
    onProgress?.(planned.identified, count);
  };
}

async function unlessWrong<Result>(work: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await work();
  } catch (error) {
    if (isWrong(error)) return undefined;
    throw error;
  }
}

/** Whether an error says of an image that `verifyDevice` has to look at it. */
export function isWrong(error: unknown): boolean {
  return error instanceof Doubt || error instanceof CollisionError || error instanceof DocteurError;
}
