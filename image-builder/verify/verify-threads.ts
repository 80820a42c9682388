import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { type AnalysisTask, Counter } from "./analysis-task.ts";
import { SMALL_HEAP } from "./small-heap.ts";
import type { VerifyTask, WorkerMessage } from "./worker.ts";

/** Beside this file, whether it is run from the sources or as the bundle that npm ships. */
const WORKER = new URL(
  import.meta.url.endsWith(".ts") ? "./worker.ts" : "./verify-worker.js",
  import.meta.url,
);

/**
 * Has threads verify an image: one, and those of the analysis beside it.
 *
 * @param onMessage gets what the one posts.
 * @throws what a thread fails with, out of memory for instance.
 */
export async function verifyInThreads(
  task: VerifyTask,
  onMessage: (message: WorkerMessage) => void,
  signal?: AbortSignal,
): Promise<void> {
  const { analysis } = task;
  const start = (workerData: VerifyTask) =>
    new Worker(WORKER, { workerData, resourceLimits: SMALL_HEAP, env: process.env });
  const worker = start(task);
  const others: Worker[] = [];
  for (let thread = 1; thread < (analysis?.threads ?? 1); thread++) others.push(start({ ...task, thread }));
  for (const other of others) other.once("error", () => giveUp(analysis!));
  const end = () => {
    for (const each of [worker, ...others]) void each.terminate();
  };
  signal?.addEventListener("abort", end, { once: true });
  try {
    worker.on("message", onMessage);
    // Rejects if the thread itself fails.
    await once(worker, "exit");
    signal?.throwIfAborted();
  } finally {
    signal?.removeEventListener("abort", end);
    end();
  }
}

/** When a thread has died: the others must not wait for it. */
function giveUp({ counters }: AnalysisTask): void {
  Atomics.store(counters, Counter.failed, 1);
  Atomics.add(counters, Counter.events, 1);
  Atomics.notify(counters, Counter.events);
}
