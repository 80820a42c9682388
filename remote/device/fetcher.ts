// The thread of `openRemoteDevice`: opens an image, and fetches what the device's reader asks for.
import { parentPort, workerData } from "node:worker_threads";
import { DocteurError } from "../../reader/errors.ts";
import { parseImageAddress } from "../address.ts";
import { openRemoteImage } from "../open.ts";
import type { FetcherMessage, FetcherTask } from "./open-remote-device.ts";
import { patienceOf } from "./patience.ts";
import { serveDevice } from "./serve-device.ts";

const { address, options, detail } = workerData as FetcherTask;
const send = (message: FetcherMessage) => parentPort!.postMessage(message);

openRemoteImage(parseImageAddress(address), {
  ...options,
  ...(detail && { detail: (line) => send({ type: "detail", line }) }),
}).then(
  (image) => {
    const onClose = () => void image[Symbol.asyncDispose]();
    const { handle } = serveDevice(image, { patience: patienceOf(options.deadline), onClose });
    parentPort!.postMessage({ type: "open", handle } satisfies FetcherMessage, [handle.port]);
  },
  (error) => {
    const code = error instanceof DocteurError ? error.code : undefined;
    send({
      type: "failed",
      error: { code, message: error instanceof Error ? error.message : String(error) },
    });
  },
);
