import type { MessagePort } from "node:worker_threads";

/** Bytes that one question can ask for. */
export const PIECE = 1024 * 1024;

/** Indexes in the control memory, and the values of the first. */
export const STATE = 0;
export const LENGTH = 1;
export const CONTROL_BYTES = 8;
export const State = { waiting: 0, done: 1, failed: 2 } as const;

/** What a thread needs to read an image that another thread fetches. It can be sent to one thread, once. */
export interface DeviceHandle {
  /** Takes questions. Must be in the transfer list. */
  readonly port: MessagePort;
  /** Two numbers of 32 bits, the state and a length, then the bytes of the answer. */
  readonly memory: SharedArrayBuffer;
  readonly display: string;
  /** Bytes of the image. */
  readonly size: number;
  /** Milliseconds after which a question that is not answered has failed. */
  readonly patience: number;
}

/** Bytes that are wanted. */
export interface Question {
  readonly offset: number;
  /** At most `PIECE`. */
  readonly length: number;
}

/** An error as the answer has it, in JSON. */
export interface ErrorAnswer {
  /** Of a `DocteurError`. */
  readonly code?: string | undefined;
  readonly message: string;
}
