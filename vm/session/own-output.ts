import type { Writable } from "node:stream";
import { isTerminal } from "../terminal.ts";
import type { Streams } from "./host-channel.ts";

/** Descriptors of this process that a child may write to by itself. */
export interface OwnOutput {
  readonly stdout: number | undefined;
  readonly stderr: number | undefined;
}

/**
 * The descriptors of those streams that are this process's own standard output and standard error: what a
 * child writes to them is copied once, and four times if it goes through a channel and this process.
 *
 * A terminal is left out: it is slower than either, and when this process is stopped (Ctrl-Z), so must be what
 * appears there.
 */
export function ownOutput({ stdout, stderr }: Pick<Streams, "stdout" | "stderr">): OwnOutput {
  return { stdout: descriptor(stdout, process.stdout), stderr: descriptor(stderr, process.stderr) };
}

/** Has this process's writes wait for no reader again, once the child has ended. */
export function endOwnOutput(): void {
  for (const stream of [process.stdout, process.stderr]) if (!isTerminal(stream)) setBlocking(stream, false);
}

function descriptor(stream: Writable, own: Writable & { readonly fd: number }): number | undefined {
  if (stream !== own || isTerminal(own) || own.writableLength > 0) return undefined;
  return setBlocking(own, true) ? own.fd : undefined;
}

/**
 * Sets whether writes to a descriptor wait for its reader, as the child needs it. Node has made pipes and
 * sockets non-blocking, which holds for all processes that share them; `spawn` undoes that for the child's
 * first three descriptors only. Files always block.
 *
 * @returns false if it cannot be done.
 */
function setBlocking(stream: Writable, on: boolean): boolean {
  const { _handle: handle } = stream as { _handle?: { setBlocking?: (on: boolean) => number } };
  return handle === undefined || handle.setBlocking?.(on) === 0;
}
