import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import type { BlockDevice } from "../../reader/block/device.ts";
import type { SourceErrorCode } from "../../reader/error-codes.ts";
import { SourceError } from "../../reader/source-error.ts";
import { parseImageAddress } from "../address.ts";
import type { RemoteOptions } from "../open.ts";
import type { DeviceHandle, ErrorAnswer } from "./protocol.ts";
import { RemoteDevice } from "./remote-device.ts";

/** What the thread that fetches says. */
export type FetcherMessage =
  | { readonly type: "open"; readonly handle: DeviceHandle }
  | { readonly type: "failed"; readonly error: ErrorAnswer }
  | { readonly type: "detail"; readonly line: string };

/** What it gets. */
export interface FetcherTask {
  readonly address: string;
  readonly options: Omit<RemoteOptions, "signal" | "detail">;
  /** Whether anybody wants details. */
  readonly detail: boolean;
}

/**
 * Opens an image that lies elsewhere as a device: for `connect` of docteur/store. A thread fetches what is
 * read; the calling thread sleeps meanwhile, so no other work is done in it. The thread ends when the device
 * is closed, and does not keep the process alive.
 *
 * @param address `https:`, `http:`, `oci:`, `nbd:` or `nbd+unix:`.
 * @param options `signal` ends opening.
 * @throws {SourceError} when it is opened, and from `readSectors`: it cannot be read where it lies.
 */
export async function openRemoteDevice(address: string, options: RemoteOptions = {}): Promise<BlockDevice> {
  const { signal, detail, ...others } = options;
  signal?.throwIfAborted();
  // Before a thread is started for it.
  if (parseImageAddress(address).kind === "file") {
    throw new SourceError("BAD_ADDRESS", `${address}: not an address; openFileDevice opens files`);
  }
  const task: FetcherTask = { address, options: others, detail: detail !== undefined };
  const worker = new Worker(program(), { workerData: task, execArgv: [] });
  const end = () => void worker.terminate();
  signal?.addEventListener("abort", end, { once: true });
  try {
    const handle = await new Promise<DeviceHandle>((resolve, reject) => {
      worker.on("message", (message: FetcherMessage) => {
        if (message.type === "open") resolve(message.handle);
        else if (message.type === "failed") reject(rebuild(message.error));
        else detail?.(message.line);
      });
      worker.on("error", reject);
      worker.on("exit", () => reject(signal?.reason ?? new Error("the thread that fetches has ended")));
    });
    worker.unref();
    return new RemoteDevice(handle);
  } catch (error) {
    await worker.terminate();
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener("abort", end);
  }
}

function rebuild({ code, message }: ErrorAnswer): Error {
  return code === undefined ? new Error(message) : new SourceError(code as SourceErrorCode, message);
}

/** Beside this file, whether it is a source or the bundle that npm ships. */
function program(): URL {
  const here = typeof __filename === "string" ? pathToFileURL(__filename) : new URL(import.meta.url);
  return new URL(here.pathname.endsWith(".ts") ? "./fetcher.ts" : "./remote-fetcher.cjs", here);
}
