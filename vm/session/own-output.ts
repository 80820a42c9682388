import type { Writable } from "node:stream";
import { isTerminal } from "../terminal.ts";
import type { Streams } from "./host-channel.ts";

/** Descriptors of this process that a child may write to by itself. */
export interface OwnOutput {
  readonly stdout: number | undefined;
  readonly stderr: number | undefined;
}

/**
 * The descriptors of those streams that are this process's own standard output and standard error: a child
 * that has them writes with one copy what would take four, and a wake of this process, through a channel.
 *
 * A terminal is left out: there this process does what its user asks with Ctrl-C and Ctrl-Z.
 */
export function ownOutput({ stdout, stderr }: Pick<Streams, "stdout" | "stderr">): OwnOutput {
  return { stdout: descriptor(stdout, process.stdout), stderr: descriptor(stderr, process.stderr) };
}

function descriptor(stream: Writable, own: Writable & { readonly fd: number }): number | undefined {
  if (stream !== own || isTerminal(own) || own.writableLength > 0) return undefined;
  return block(own) ? own.fd : undefined;
}

/**
 * Has writes to a descriptor wait for its reader, as the child needs it. Node has made pipes and sockets
 * non-blocking, which holds for all processes that share them; `spawn` undoes that for the child's first
 * three descriptors only.
 *
 * @returns false if it cannot be done.
 */
function block(stream: Writable): boolean {
  const { _handle: handle } = stream as { _handle?: { setBlocking?: (on: boolean) => number } };
  return handle === undefined || handle.setBlocking?.(true) === 0;
}
