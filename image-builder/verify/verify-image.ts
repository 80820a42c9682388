import { openFileDevice } from "../../reader/block/file.ts";
import { parseCommit } from "../../reader/git/commit.ts";
import { isFile, parseImageAddress } from "../../remote/address.ts";
import { hashFunctions } from "./hash-functions.ts";
import { verifyInOneThread } from "./one-thread.ts";
import { planAnalysis } from "./plan.ts";
import type { Verification, VerifiedCommit } from "./verification.ts";
import type { VerifyOptions } from "./verify-options.ts";
import { verifyInTurns } from "./verify-together.ts";

/**
 * The commit object of each verification, kept apart so that a verification printed as JSON does not have it.
 */
const commitObjects = new WeakMap<Verification, Uint8Array>();

/**
 * Verifies an image: a file, a disk, or one that lies elsewhere; see `verifyDevice` for what that covers. Between the steps of its
 * work, of some milliseconds each, the caller can handle signals.
 * @throws {InvalidImageError} the first fault found. @throws {DocteurError} `IMAGE_NOT_FOUND`,
 * `IMAGE_UNREADABLE`. @throws {SourceError} an image that lies elsewhere cannot be read there.
 * @param image a path, or an address.
 */
export async function verifyImage(image: string, options: VerifyOptions = {}): Promise<Verification> {
  options.signal?.throwIfAborted();
  const { verification: transferred, commitObject } = await verified(image, options);
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

async function verified(image: string, options: VerifyOptions): Promise<VerifiedCommit> {
  const address = parseImageAddress(image);
  if (isFile(address)) return await verifyFile(address.path, options);
  return await (await import("./verify-remote.ts")).verifyRemote(address, options);
}

async function verifyFile(path: string, options: VerifyOptions): Promise<VerifiedCommit> {
  const { signal, inBackground = false, sha1dc = false } = options;
  const device = openFileDevice(path);
  try {
    const task = planAnalysis(path, device);
    if (task === undefined) return await verifyInOneThread(path, options);
    const threads = task.threads > 1 || inBackground ? await import("./verify-threads.ts") : undefined;
    const end = threads?.startHelpers(task, sha1dc);
    try {
      if (inBackground) return await verifyInOneThread(path, options, task);
      const functions = await hashFunctions(sha1dc);
      const found = await verifyInTurns(device, task, functions, options.onProgress, signal);
      if (found !== undefined) return found;
    } finally {
      end?.();
    }
  } finally {
    device.close();
  }
  return await verifyInOneThread(path, options);
}
