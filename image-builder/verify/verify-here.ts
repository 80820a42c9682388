import type { BlockDevice } from "../../reader/block/device.ts";
import { DocteurError } from "../../reader/errors.ts";
import type { AnalysisTask } from "./analysis-task.ts";
import { Doubt } from "./doubt.ts";
import { PlannedAnalysis } from "./planned-analysis.ts";
import type { VerifiedCommit } from "./verification.ts";
import { type OnVerifyProgress, verifyCommit } from "./verify-device.ts";

/** Units of work, a tenth of a nanosecond each, that an image is worth no thread for. */
const MOST_WORK = 2 ** 31;

/** Milliseconds between two looks at what else there is to do. */
const TURN = 10;

/**
 * Verifies a small image in this thread, in steps between which it handles signals and what else waits.
 *
 * @param task for one thread.
 * @returns undefined when the image takes more work than its size lets expect, or when anything is wrong:
 * `verifyDevice` then finds what, and where.
 */
export async function verifyHere(
  device: BlockDevice,
  task: AnalysisTask,
  onProgress?: OnVerifyProgress,
  signal?: AbortSignal,
): Promise<VerifiedCommit | undefined> {
  try {
    const planned = new PlannedAnalysis(device, task, 0, MOST_WORK);
    const steps = planned.run();
    let end = performance.now() + TURN;
    for (;;) {
      const { done, value } = steps.next();
      if (done === true) {
        planned.finishIdx();
        return verifyCommit(planned.cache, value!);
      }
      if (performance.now() < end) continue;
      onProgress?.(value, task.count);
      await new Promise((resolve) => setImmediate(resolve));
      signal?.throwIfAborted();
      end = performance.now() + TURN;
    }
  } catch (error) {
    if (error instanceof Doubt || error instanceof DocteurError) return undefined;
    throw error;
  }
}
