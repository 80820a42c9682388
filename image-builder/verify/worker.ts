import { parentPort, workerData } from "node:worker_threads";
import { openFileDevice } from "../../guest/block/file.ts";
import { dismantleError, type TransferredError } from "./error-transfer.ts";
import type { VerifiedCommit } from "./verification.ts";
import { verifyDevice } from "./verify-device.ts";

/** What the thread says: progress, and once how it ended. */
export type WorkerMessage =
  | { readonly type: "progress"; readonly done: number; readonly total: number }
  | { readonly type: "done"; readonly result: VerifiedCommit }
  | { readonly type: "failed"; readonly error: TransferredError };

function say(message: WorkerMessage): void {
  parentPort?.postMessage(message);
}

try {
  const device = openFileDevice(workerData as string);
  try {
    say({
      type: "done",
      result: verifyDevice(device, (done, total) => say({ type: "progress", done, total })),
    });
  } finally {
    device.close();
  }
} catch (error) {
  say({ type: "failed", error: dismantleError(error) });
}
