import type { Writable } from "node:stream";
import { DocteurError } from "../reader/errors.ts";

/**
 * Writes and waits until the stream has taken it, so that a slow reader slows the writer down.
 * @throws {DocteurError} `OUTPUT_CLOSED`, if the reader is gone; `OUTPUT_FAILED` for anything else, a full disk say.
 */
export function writeTo(stream: Writable, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const ignore = () => {};
    // A stream that is destroyed while it writes need not tell the writer.
    const close = () => reject(outputClosed());
    // The stream tells the same error twice; an event nobody listens to would end the process.
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
  return new DocteurError("OUTPUT_CLOSED", "nobody reads the output any more", { cause });
}
