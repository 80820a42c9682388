import type { Writable } from "node:stream";

/** Whether a stream writes to a terminal. */
export function isTerminal(stream: Writable): boolean {
  return "isTTY" in stream && stream.isTTY === true;
}
