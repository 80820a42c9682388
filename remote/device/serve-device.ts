import { MessageChannel } from "node:worker_threads";
import { DocteurError } from "../../reader/errors.ts";
import type { RemoteImage } from "../image.ts";
import {
  CONTROL_BYTES,
  type DeviceHandle,
  type ErrorAnswer,
  LENGTH,
  PIECE,
  type Question,
  STATE,
  State,
} from "./protocol.ts";

/** A device that another thread may open. */
export interface ServedDevice {
  readonly handle: DeviceHandle;
  /** Takes no more questions. The one that is open gets an answer, as long as the image does. */
  close(): void;
}

export interface ServeDeviceOptions {
  /** Milliseconds for which the other thread waits for an answer. */
  readonly patience: number;
  /** Gets each error that the other thread gets. */
  readonly onError?: ((error: unknown) => void) | undefined;
  /** Called when the other thread has closed the device, or has ended. */
  readonly onClose?: (() => void) | undefined;
}

/**
 * Has another thread read an image, synchronously: it asks through a port, and sleeps until the answer is in
 * memory that both share. The calling thread must get to its events meanwhile.
 */
export function serveDevice(image: RemoteImage, options: ServeDeviceOptions): ServedDevice {
  const { port1, port2 } = new MessageChannel();
  const memory = new SharedArrayBuffer(CONTROL_BYTES + PIECE);
  const control = new Int32Array(memory, 0, CONTROL_BYTES / Int32Array.BYTES_PER_ELEMENT);
  const data = new Uint8Array(memory, CONTROL_BYTES);
  const answer = (state: number, bytes: Uint8Array) => {
    data.set(bytes);
    Atomics.store(control, LENGTH, bytes.length);
    Atomics.store(control, STATE, state);
    Atomics.notify(control, STATE);
  };
  port1.on("message", ({ offset, length }: Question) => {
    image.read(offset, length).then(
      (bytes) => answer(State.done, bytes),
      (error) => {
        options.onError?.(error);
        answer(State.failed, Buffer.from(JSON.stringify(describe(error))).subarray(0, PIECE));
      },
    );
  });
  if (options.onClose !== undefined) port1.on("close", options.onClose);
  const { display, size } = image;
  return {
    handle: { port: port2, memory, display, size, patience: options.patience },
    close: () => port1.close(),
  };
}

function describe(error: unknown): ErrorAnswer {
  const message = error instanceof Error ? error.message : String(error);
  return error instanceof DocteurError ? { code: error.code, message } : { message };
}
