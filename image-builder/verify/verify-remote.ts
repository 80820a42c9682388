import type { BlockDevice } from "../../reader/block/device.ts";
import { memoryDevice } from "../../reader/block/memory.ts";
import { InvalidImageError } from "../../reader/errors.ts";
import type { ImageAddress } from "../../remote/address.ts";
import { patienceOf } from "../../remote/device/patience.ts";
import { type ServedDevice, serveDevice } from "../../remote/device/serve-device.ts";
import type { RemoteImage } from "../../remote/image.ts";
import { openRemoteImage } from "../../remote/open.ts";
import { verifyInOneThread } from "./one-thread.ts";
import { planAnalysis } from "./plan.ts";
import type { VerifiedCommit } from "./verification.ts";
import type { VerifyOptions } from "./verify-options.ts";
import { startHelpers } from "./verify-threads.ts";

/** Several threads go through the image, each read ahead of. */
const MEMORY = 32 * 1024 * 1024;

/** Bytes from the start of an image that planning reads. */
const START = 64 * 1024;

/**
 * Verifies an image that lies elsewhere. This thread fetches, others verify. Of a damaged image, all blocks are
 * forgotten, and it is verified once more as it is at the source: a block may be wrong in the cache, or may
 * have become so on the way.
 * @throws as `verifyImage`.
 */
export async function verifyRemote(address: ImageAddress, options: VerifyOptions): Promise<VerifiedCommit> {
  const { signal } = options;
  await using image = await openRemoteImage(address, { memory: MEMORY, ...options.source, signal });
  return await verifyTwice(image, options);
}

/** As `verifyRemote`, of an image that is open. */
export async function verifyTwice(image: RemoteImage, options: VerifyOptions): Promise<VerifiedCommit> {
  try {
    return await verifyOnce(image, { ...options, keepGoing: false });
  } catch (error) {
    if (!(error instanceof InvalidImageError)) throw error;
    await image.forget();
  }
  try {
    return await verifyOnce(image, options);
  } catch (error) {
    // Damaged blocks are not kept: the next one who reads them gets what is at the source then.
    if (error instanceof InvalidImageError) await image.forget();
    throw error;
  }
}

async function verifyOnce(image: RemoteImage, options: VerifyOptions): Promise<VerifiedCommit> {
  const served: ServedDevice[] = [];
  const failed = new AbortController();
  const onError = (error: unknown) => failed.abort(error);
  const open = () => {
    const device = serveDevice(image, { patience: patienceOf(options.source?.deadline), onError });
    served.push(device);
    return device.handle;
  };
  const signal =
    options.signal === undefined ? failed.signal : AbortSignal.any([options.signal, failed.signal]);
  const start = await image.read(0, Math.min(START, image.size), signal);
  const task = planAnalysis("", startOf(start, image.size));
  const end = task && startHelpers(task, options.sha1dc ?? false, open);
  try {
    const found = await verifyInOneThread(open(), { ...options, signal }, task);
    return found;
  } finally {
    end?.();
    for (const device of served) device.close();
  }
}

/** The first bytes of an image of so many, as a device. */
function startOf(bytes: Uint8Array, size: number): BlockDevice {
  const device = memoryDevice(bytes);
  return { ...device, size, sectorCount: Math.ceil(size / device.sectorSize) };
}
