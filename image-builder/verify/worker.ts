import { parentPort, workerData } from "node:worker_threads";
import { openFileDevice } from "../../reader/block/file.ts";
import { InvalidImageError } from "../../reader/errors.ts";
import { dismantleError, type TransferredError } from "./error-transfer.ts";
import { examineObjects } from "./examine.ts";
import { scanForAnother, scanInThreads } from "./scan-in-threads.ts";
import type { ScanTask } from "./scan-parts.ts";
import type { VerifiedCommit } from "./verification.ts";
import { verifyDevice } from "./verify-device.ts";

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

/** What the verifying thread gets. */
export interface VerifyTask {
  readonly image: string;
  readonly keepGoing: boolean;
}

function send(message: WorkerMessage): void {
  parentPort?.postMessage(message);
}

async function verify({ image: path, keepGoing }: VerifyTask): Promise<void> {
  const progress = (done: number, total: number) => send({ type: "progress", done, total });
  try {
    const device = openFileDevice(path);
    try {
      const program = new URL(import.meta.url);
      const scanned = await scanInThreads(path, device, program, (done, count) => progress(done, count * 2));
      const { verification, commitObject } = verifyDevice(device, progress, scanned);
      const bytes = new Uint8Array(commitObject);
      // The message may be long, and is in the commit object, which is transferred rather than copied.
      const result = { verification: { ...verification, message: undefined }, commitObject: bytes };
      parentPort?.postMessage({ type: "done", result } satisfies WorkerMessage, [bytes.buffer]);
    } finally {
      device.close();
    }
  } catch (error) {
    const damaged = keepGoing && error instanceof InvalidImageError ? examineFile(path) : [];
    send({ type: "failed", error: dismantleError(error), more: damaged.map(dismantleError) });
  }
}

function examineFile(path: string): InvalidImageError[] {
  const device = openFileDevice(path);
  try {
    return examineObjects(device);
  } finally {
    device.close();
  }
}

// The verifying thread gets an image; the threads that it starts get a `ScanTask`.
const task = workerData as VerifyTask | ScanTask;
if ("keepGoing" in task) await verify(task);
else parentPort?.postMessage(scanForAnother(task));
