import { openFileDevice } from "../../reader/block/file.ts";
import { InvalidImageError } from "../../reader/errors.ts";
import { parseCommit } from "../../reader/git/commit.ts";
import type { AnalysisTask } from "./analysis-task.ts";
import { rebuildError } from "./error-transfer.ts";
import { hashFunctions } from "./hash-functions.ts";
import { planAnalysis } from "./plan.ts";
import type { Verification, VerifiedCommit } from "./verification.ts";
import type { OnVerifyProgress } from "./verify-device.ts";
import { verifyInTurns } from "./verify-together.ts";
import type { WorkerMessage } from "./worker.ts";

export interface VerifyOptions {
  readonly onProgress?: OnVerifyProgress | undefined;
  /**
   * Examine every object of a damaged image, and list the damaged ones as the error's `damages`. Default
   * false.
   */
  readonly keepGoing?: boolean | undefined;
  /**
   * Leave the calling thread alone, as one that serves must be. Default false: it does its part of the work,
   * a few milliseconds at a time.
   */
  readonly inBackground?: boolean | undefined;
  /**
   * Detect objects that carry the marks of a known attack on SHA-1, fault `sha1-collision`; docs/STORE.md says
   * which. Default false: for SHA-1 ids it takes three quarters more CPU time. For SHA-256 ids it changes
   * nothing.
   */
  readonly sha1dc?: boolean | undefined;
  /** Aborting ends the work at once; `verifyImage` then throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * An image with at least one fault: the error is the first fault, `damages` has one for each damaged object.
 */
export class DamagedImageError extends InvalidImageError {
  override name = "DamagedImageError";
  readonly damages: readonly InvalidImageError[];

  constructor(first: InvalidImageError, what: string, damages: readonly InvalidImageError[]) {
    super(first.fault, what, first, { cause: first });
    this.damages = damages;
  }
}

/**
 * The commit object of each verification, kept apart so that a verification printed as JSON does not have it.
 */
const commitObjects = new WeakMap<Verification, Uint8Array>();

/**
 * Verifies an image file or disk; see `verifyDevice` for what that covers. Between the steps of its
 * work, of some milliseconds each, the caller can handle signals.
 * @throws {InvalidImageError} the first fault found. @throws {DocteurError} `IMAGE_NOT_FOUND`,
 * `IMAGE_UNREADABLE`.
 */
export async function verifyImage(path: string, options: VerifyOptions = {}): Promise<Verification> {
  options.signal?.throwIfAborted();
  const { verification: transferred, commitObject } = await verified(path, options);
  const verification = { ...transferred, message: parseCommit(commitObject, transferred.commit).message };
  commitObjects.set(verification, commitObject);
  return verification;
}

/** The bytes of the commit object that a verification is of. */
export function commitObjectOf(verification: Verification): Uint8Array {
  const bytes = commitObjects.get(verification);
  if (bytes === undefined) throw new TypeError("not a verification that verifyImage returned");
  return bytes;
}

async function verified(path: string, options: VerifyOptions): Promise<VerifiedCommit> {
  const { signal, inBackground = false, sha1dc = false } = options;
  const device = openFileDevice(path);
  try {
    const task = planAnalysis(path, device);
    if (task === undefined) return await inThread(path, options);
    const threads = task.threads > 1 || inBackground ? await import("./verify-threads.ts") : undefined;
    const end = threads?.startHelpers(task, sha1dc);
    try {
      if (inBackground) return await inThread(path, options, task);
      const found = await verifyInTurns(
        device,
        task,
        await hashFunctions(sha1dc),
        options.onProgress,
        signal,
      );
      if (found !== undefined) return found;
    } finally {
      end?.();
    }
  } finally {
    device.close();
  }
  return await inThread(path, options);
}

async function inThread(
  path: string,
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
  await verifyInThread({ image: path, keepGoing, sha1dc, analysis, thread: 0 }, onMessage, signal);
  if (failure !== undefined) throw failure;
  if (result === undefined) throw new Error(`the thread that verifies ${path} ended without a result`);
  return result;
}

function failureOf({ error, more }: WorkerMessage & { readonly type: "failed" }): Error {
  const first = rebuildError(error);
  const damages = more.map(rebuildError).filter((each) => each instanceof InvalidImageError);
  if (damages.length === 0 || !(first instanceof InvalidImageError)) return first;
  return new DamagedImageError(first, error.message, damages);
}
