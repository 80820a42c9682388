import type { Writable } from "node:stream";

/** Whether a person sees what is written to a stream. */
export function isTerminal(stream: Writable): boolean {
  return "isTTY" in stream && stream.isTTY === true;
}
