import { parentPort, workerData } from "node:worker_threads";
import type { BlockDevice } from "../../reader/block/device.ts";
import { openFileDevice } from "../../reader/block/file.ts";
import { DocteurError, InvalidImageError } from "../../reader/errors.ts";
import type { PackAnalysis } from "../../reader/pack/pack-analysis.ts";
import type { AnalysisTask } from "./analysis-task.ts";
import { Doubt } from "./doubt.ts";
import { dismantleError, type TransferredError } from "./error-transfer.ts";
import { examineObjects } from "./examine.ts";
import { PlannedAnalysis } from "./planned-analysis.ts";
import type { VerifiedCommit } from "./verification.ts";
import { type OnVerifyProgress, verifyCommit, verifyDevice } from "./verify-device.ts";

/** What the verifying thread posts: progress, and at the end the result. */
export type WorkerMessage =
  | { readonly type: "progress"; readonly done: number; readonly total: number }
  | { readonly type: "done"; readonly result: VerifiedCommit }
  | {
      readonly type: "failed";
      readonly error: TransferredError;
      /** With `keepGoing`: the fault of each damaged object. */
      readonly more: readonly TransferredError[];
    };

/** What a thread gets. */
export interface VerifyTask {
  readonly image: string;
  readonly keepGoing: boolean;
  /** What threads are to do together. Default: the verifying thread scans the PACK from its first byte on. */
  readonly analysis: AnalysisTask | undefined;
  /** 0 for the verifying thread; the others only take part in the analysis. */
  readonly thread: number;
}

function send(message: WorkerMessage): void {
  parentPort?.postMessage(message);
}

function verify({ image, keepGoing, analysis }: VerifyTask): void {
  const progress = (done: number, total: number) => send({ type: "progress", done, total });
  try {
    const { verification, commitObject } = withDevice(image, (device) => {
      return (analysis && tryTogether(device, analysis, progress)) ?? verifyDevice(device, { onProgress: progress });
    });
    const bytes = new Uint8Array(commitObject);
    // The message may be long, and is in the commit object, which is transferred rather than copied.
    const result = { verification: { ...verification, message: undefined }, commitObject: bytes };
    parentPort?.postMessage({ type: "done", result } satisfies WorkerMessage, [bytes.buffer]);
  } catch (error) {
    const damaged =
      keepGoing && error instanceof InvalidImageError ? withDevice(image, examineObjects) : [];
    send({ type: "failed", error: dismantleError(error), more: damaged.map(dismantleError) });
  }
}

/** Undefined when anything is wrong: a scan from the first byte to the last then finds what, and where. */
function tryTogether(
  device: BlockDevice,
  task: AnalysisTask,
  onProgress: OnVerifyProgress,
): VerifiedCommit | undefined {
  try {
    const planned = new PlannedAnalysis(device, task, 0);
    const analysis = analyze(planned, atTimes((done) => onProgress(done, task.count)));
    const verified = verifyCommit(planned.cache, analysis!);
    planned.finishIdx();
    return verified;
  } catch (error) {
    if (error instanceof Doubt || error instanceof DocteurError) return undefined;
    throw error;
  }
}

function analyze(planned: PlannedAnalysis, onProgress?: (done: number) => void): PackAnalysis | undefined {
  const steps = planned.run();
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
    onProgress?.(value);
  }
}

/** Milliseconds between two messages about progress: each takes as long as identifying some objects. */
const PROGRESS_EVERY = 50;

function atTimes(report: (done: number) => void): (done: number) => void {
  let next = performance.now() + PROGRESS_EVERY;
  return (done) => {
    const now = performance.now();
    if (now < next) return;
    next = now + PROGRESS_EVERY;
    report(done);
  };
}

function helpAnalyze({ image, analysis, thread }: VerifyTask): void {
  try {
    withDevice(image, (device) => analyze(new PlannedAnalysis(device, analysis!, thread)));
  } catch (error) {
    // The verifying thread knows, and finds out itself.
    if (!(error instanceof Doubt || error instanceof DocteurError)) throw error;
  }
}

function withDevice<Result>(path: string, use: (device: BlockDevice) => Result): Result {
  const device = openFileDevice(path);
  try {
    return use(device);
  } finally {
    device.close();
  }
}

const task = workerData as VerifyTask;
if (task.thread === 0) verify(task);
else helpAnalyze(task);
