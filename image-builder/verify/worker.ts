import { parentPort, workerData } from "node:worker_threads";
import { openFileDevice } from "../../reader/block/file.ts";
import { InvalidImageError } from "../../reader/errors.ts";
import { dismantleError, type TransferredError } from "./error-transfer.ts";
import { examineObjects } from "./examine.ts";
import { scanForAnother, scanInThreads } from "./scan-in-threads.ts";
import type { ScanTask } from "./scan-parts.ts";
import type { VerifiedCommit } from "./verification.ts";
import { verifyDevice } from "./verify-device.ts";

/** What the thread says that verifies: progress, and once how it ended. */
export type WorkerMessage =
  | { readonly type: "progress"; readonly done: number; readonly total: number }
  | { readonly type: "done"; readonly result: VerifiedCommit }
  | {
      readonly type: "failed";
      readonly error: TransferredError;
      /** With `keepGoing`: what is wrong with each damaged object. */
      readonly more: readonly TransferredError[];
    };

/** What the thread is given that verifies. */
export interface VerifyTask {
  readonly image: string;
  readonly keepGoing: boolean;
}

function say(message: WorkerMessage): void {
  parentPort?.postMessage(message);
}

async function verify({ image: path, keepGoing }: VerifyTask): Promise<void> {
  const progress = (done: number, total: number) => say({ type: "progress", done, total });
  try {
    const device = openFileDevice(path);
    try {
      const program = new URL(import.meta.url);
      const scanned = await scanInThreads(path, device, program, (done, count) => progress(done, count * 2));
      const { verification, commitObject } = verifyDevice(device, progress, scanned);
      const bytes = new Uint8Array(commitObject);
      // The message may be long, and is in the commit object, which is handed over rather than copied.
      const result = { verification: { ...verification, message: undefined }, commitObject: bytes };
      parentPort?.postMessage({ type: "done", result } satisfies WorkerMessage, [bytes.buffer]);
    } finally {
      device.close();
    }
  } catch (error) {
    const damaged = keepGoing && error instanceof InvalidImageError ? examineFile(path) : [];
    say({ type: "failed", error: dismantleError(error), more: damaged.map(dismantleError) });
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

// The thread that verifies is given an image, those that it starts in turn a part of the work.
const given = workerData as VerifyTask | ScanTask;
if ("keepGoing" in given) await verify(given);
else parentPort?.postMessage(scanForAnother(given));
