import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { type AnalysisTask, giveUp } from "./analysis-task.ts";
import { SMALL_HEAP } from "./small-heap.ts";
import type { ThreadTask, WorkerMessage } from "./worker.ts";

/** Beside this file, whether it is run from the sources or as the bundle that npm ships. */
const WORKER = new URL(
  import.meta.url.endsWith(".ts") ? "./worker.ts" : "./verify-worker.js",
  import.meta.url,
);

/** Has a thread verify an image. @throws what it fails with, out of memory for instance. */
export async function verifyInThread(
  task: ThreadTask,
  onMessage: (message: WorkerMessage) => void,
  signal?: AbortSignal,
): Promise<void> {
  signal?.throwIfAborted();
  const worker = start(task);
  const end = () => void worker.terminate();
  signal?.addEventListener("abort", end, { once: true });
  try {
    worker.on("message", onMessage);
    // Rejects if the thread itself fails.
    await once(worker, "exit");
    signal?.throwIfAborted();
  } finally {
    signal?.removeEventListener("abort", end);
  }
}

/**
 * Starts the threads of an analysis other than the first. The result ends them.
 * @param sha1dc as in `VerifyOptions`.
 * @param imageOf what each opens. Default: the path of the task.
 */
export function startHelpers(
  task: AnalysisTask,
  sha1dc: boolean,
  imageOf: () => ThreadTask["image"] = () => task.path,
): () => void {
  const helpers: Worker[] = [];
  for (let thread = 1; thread < task.threads; thread++) {
    const helper = start({ image: imageOf(), analysis: task, thread, keepGoing: false, sha1dc });
    // When one has died, the others must not wait for it.
    helper.once("error", () => giveUp(task));
    helpers.push(helper);
  }
  return () => {
    giveUp(task);
    for (const helper of helpers) void helper.terminate();
  };
}

function start(workerData: ThreadTask): Worker {
  const { image } = workerData;
  const transferList = typeof image === "string" ? [] : [image.port];
  return new Worker(WORKER, { workerData, transferList, resourceLimits: SMALL_HEAP });
}
