import { parentPort, workerData } from "node:worker_threads";
import type { BlockDevice } from "../../reader/block/device.ts";
import { openFileDevice } from "../../reader/block/file.ts";
import { InvalidImageError } from "../../reader/errors.ts";
import type { HashFunctions } from "../../reader/git/hash.ts";
import type { DeviceHandle } from "../../remote/device/protocol.ts";
import { RemoteDevice } from "../../remote/device/remote-device.ts";
import type { AnalysisTask } from "./analysis-task.ts";
import { dismantleError, type TransferredError } from "./error-transfer.ts";
import { examineObjects } from "./examine.ts";
import { hashFunctions } from "./hash-functions.ts";
import type { VerifiedCommit } from "./verification.ts";
import { verifyDevice } from "./verify-device.ts";
import { helpAnalyze, verifyAtOnce } from "./verify-together.ts";

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
export interface ThreadTask {
  /** The path of a file, or an image that another thread fetches. */
  readonly image: string | DeviceHandle;
  readonly keepGoing: boolean;
  /** As in `VerifyOptions`. */
  readonly sha1dc: boolean;
  /** What threads do together. Without it, this one scans the PACK from its first byte on. */
  readonly analysis: AnalysisTask | undefined;
  /** 0 for the thread that verifies; the others only take part in the analysis. */
  readonly thread: number;
}

function send(message: WorkerMessage): void {
  parentPort?.postMessage(message);
}

async function verify({ image, keepGoing, analysis }: ThreadTask, functions: HashFunctions): Promise<void> {
  const onProgress = (done: number, total: number) => send({ type: "progress", done, total });
  try {
    const { verification, commitObject } = await withDevice(image, async (device) => {
      const found = analysis && (await verifyAtOnce(device, analysis, functions, onProgress));
      return found ?? verifyDevice(device, { onProgress, functions });
    });
    const bytes = new Uint8Array(commitObject);
    // The message may be long, and is in the commit object, which is transferred rather than copied.
    const result = { verification: { ...verification, message: undefined }, commitObject: bytes };
    parentPort?.postMessage({ type: "done", result } satisfies WorkerMessage, [bytes.buffer]);
  } catch (error) {
    const damaged =
      keepGoing && error instanceof InvalidImageError
        ? await withDevice(image, async (device) => examineObjects(device, functions))
        : [];
    send({ type: "failed", error: dismantleError(error), more: damaged.map(dismantleError) });
  }
}

async function withDevice<Result>(
  image: string | DeviceHandle,
  use: (device: BlockDevice) => Promise<Result>,
): Promise<Result> {
  const device = typeof image === "string" ? openFileDevice(image) : opened(image);
  try {
    return await use(device);
  } finally {
    device.close();
  }
}

/** Closed with the thread: to examine what is damaged, it is opened once more. */
function opened(image: DeviceHandle): BlockDevice {
  const device = new RemoteDevice(image);
  return { ...device, readSectors: (first, into) => device.readSectors(first, into), close() {} };
}

const task = workerData as ThreadTask;
const functions = await hashFunctions(task.sha1dc);
if (task.thread === 0) await verify(task, functions);
else await withDevice(task.image, (device) => helpAnalyze(device, task.analysis!, task.thread, functions));
