import type { Writable } from "node:stream";
import { DocteurError } from "../reader/errors.ts";

/**
 * Writes to a stream, and waits until it has taken the bytes: a slow reader slows the writer down.
 * @throws {DocteurError} `OUTPUT_CLOSED`, if the reader has closed it; `OUTPUT_FAILED` for other failures,
 * such as a full disk.
 */
export function writeTo(stream: Writable, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const ignore = () => {};
    // A stream that is destroyed during a write may not call back.
    const close = () => reject(outputClosed());
    // The stream also emits the error, and an error event without a listener ends the process.
    stream.once("error", ignore).once("close", close);
    stream.write(bytes, (error) => {
      stream.off("close", close);
      if (error === null || error === undefined) {
        stream.off("error", ignore);
        resolve();
      } else reject(explain(error));
    });
  });
}

function explain(cause: NodeJS.ErrnoException): DocteurError {
  const closed = ["EPIPE", "ERR_STREAM_DESTROYED", "ERR_STREAM_WRITE_AFTER_END"].includes(cause.code ?? "");
  if (closed) return outputClosed(cause);
  return new DocteurError("OUTPUT_FAILED", `the output cannot be written: ${cause.code ?? cause.message}`, {
    cause,
  });
}

function outputClosed(cause?: Error): DocteurError {
  return new DocteurError("OUTPUT_CLOSED", "the output is closed", { cause });
}
