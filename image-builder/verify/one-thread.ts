import { InvalidImageError } from "../../reader/errors.ts";
import type { AnalysisTask } from "./analysis-task.ts";
import { rebuildError } from "./error-transfer.ts";
import type { VerifiedCommit } from "./verification.ts";
import { DamagedImageError, type VerifyOptions } from "./verify-options.ts";
import type { ThreadTask, WorkerMessage } from "./worker.ts";

/** Has another thread verify an image, as the first one of an analysis if there is one. @throws as `verifyImage`. */
export async function verifyInOneThread(
  image: ThreadTask["image"],
  { keepGoing = false, sha1dc = false, onProgress, signal }: VerifyOptions,
  analysis?: AnalysisTask,
): Promise<VerifiedCommit> {
  let result: VerifiedCommit | undefined;
  let failure: Error | undefined;
  const onMessage = (message: WorkerMessage) => {
    if (message.type === "progress") onProgress?.(message.done, message.total);
    else if (message.type === "done") result = message.result;
    else failure = failureOf(message);
  };
  const { verifyInThread } = await import("./verify-threads.ts");
  await verifyInThread({ image, keepGoing, sha1dc, analysis, thread: 0 }, onMessage, signal);
  if (failure !== undefined) throw failure;
  if (result === undefined) throw new Error(`the thread that verifies the image ended without a result`);
  return result;
}

function failureOf({ error, more }: WorkerMessage & { readonly type: "failed" }): Error {
  const first = rebuildError(error);
  const damages = more.map(rebuildError).filter((each) => each instanceof InvalidImageError);
  if (damages.length === 0 || !(first instanceof InvalidImageError)) return first;
  return new DamagedImageError(first, error.message, damages);
}
