import { parentPort, workerData } from "node:worker_threads";
import { openFileDevice } from "../../guest/block/file.ts";
import { dismantleError, type TransferredError } from "./error-transfer.ts";
import { scanForAnother, scanInThreads } from "./scan-in-threads.ts";
import type { ScanTask } from "./scan-parts.ts";
import type { VerifiedCommit } from "./verification.ts";
import { verifyDevice } from "./verify-device.ts";

/** What the thread says that verifies: progress, and once how it ended. */
export type WorkerMessage =
  | { readonly type: "progress"; readonly done: number; readonly total: number }
  | { readonly type: "done"; readonly result: VerifiedCommit }
  | { readonly type: "failed"; readonly error: TransferredError };

function say(message: WorkerMessage): void {
  parentPort?.postMessage(message);
}

async function verify(path: string): Promise<void> {
  const progress = (done: number, total: number) => say({ type: "progress", done, total });
  try {
    const device = openFileDevice(path);
    try {
      const program = new URL(import.meta.url);
      const scanned = await scanInThreads(path, device, program, (done, count) => progress(done, count * 2));
      say({ type: "done", result: verifyDevice(device, progress, scanned) });
    } finally {
      device.close();
    }
  } catch (error) {
    say({ type: "failed", error: dismantleError(error) });
  }
}

// The thread that verifies is given a path, those that it starts in turn a part of the work.
const given = workerData as string | ScanTask;
if (typeof given === "string") await verify(given);
else parentPort?.postMessage(scanForAnother(given));
