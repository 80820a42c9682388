import { type ChildProcess, spawn } from "node:child_process";
import type { Duplex, Readable, Writable } from "node:stream";
import { findTool } from "../tools.ts";
import { ConsoleReader } from "./console-reader.ts";
import type { Tail } from "./tail.ts";

/** The descriptor at which the child finds the channel. */
export const CHANNEL_FD = 3;

/** Where it finds a second pair of sockets, if it gets one. */
export const CONTROL_FD = 4;

/** Where it finds a file that it is given. */
export const FILE_FD = 5;

/** What a child gets beyond the channel, and how it ends. */
export interface ChildOptions {
  /** A second pair of sockets. */
  readonly control?: boolean;
  /** A descriptor of this process. */
  readonly file?: number;
  /**
   * Whether the other processes of the child's process group end with it. Default: those that have its standard output or
   * standard error are waited for.
   */
  readonly endsGroup?: boolean;
}

const running = new Set<ChildProcess>();

process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** How long a process that has left the group may keep the child's standard output open, in milliseconds. */
const LAST_WORDS_MS = 1000;

/** How a process ended, in words. */
export type Ending = string;

/**
 * A child that never outlives this process, with a channel to it: one end of a pair of connected sockets, so that there is
 * no file anybody else could open.
 */
export class GuardedProcess {
  /** This process's end of the channel. */
  readonly channel: Duplex;
  /** What the child said last on its standard output and its standard error. */
  readonly console: Tail;
  /** Fulfilled once the child has ended and all that it said was read. */
  readonly ended: Promise<Ending>;
  /** The other end of the child's `CONTROL_FD`, if it was asked for. */
  readonly control: Duplex | undefined;
  readonly #child: ChildProcess;

  /** @param copy also gets what the child says. */
  constructor(path: string, args: readonly string[], copy?: Writable, options: ChildOptions = {}) {
    const [command, ...rest] = guarded(path, args);
    const child = spawn(command!, rest, {
      stdio: [
        "ignore",
        "pipe",
        "pipe",
        "pipe",
        options.control ? "pipe" : "ignore",
        options.file ?? "ignore",
      ],
      // A process group of its own: Ctrl-C on the terminal is for this process, which tells the guest.
      detached: true,
    });
    this.#child = child;
    running.add(child);
    this.channel = child.stdio[CHANNEL_FD] as Duplex;
    this.control = (child.stdio as unknown[])[CONTROL_FD] as Duplex | undefined;
    this.control?.on("error", () => {});
    const said = [child.stdout, child.stderr] as Readable[];
    const reader = new ConsoleReader(said, copy);
    this.console = reader.tail;
    // A write to a child that has just ended fails; that it ended is told by `ended`.
    this.channel.on("error", () => {});
    this.ended = new Promise((resolve) => {
      child.on("error", (error) => resolve(error.message));
      child.on("close", (status, signal) => resolve(signal ?? `status ${status}`));
    });
    child.on("exit", () => {
      reader.hurry();
      if (options.endsGroup !== true) return;
      killGroup(child);
      const limit = setTimeout(() => said.forEach((stream) => void stream.destroy()), LAST_WORDS_MS);
      void this.ended.then(() => clearTimeout(limit));
    });
    void this.ended.then(() => running.delete(child));
  }

  /** Ends the child, and waits until it is gone. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    this.channel.destroy();
    this.control?.destroy();
    await this.ended;
  }
}

/** Kills the process group of a child that has just ended. */
function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {
    // The group is empty.
  }
}

/**
 * The child gets a signal from the kernel when its parent dies, however that happens (prctl(2), PR_SET_PDEATHSIG).
 * Where util-linux is not installed, it still sees its channel close.
 */
function guarded(path: string, args: readonly string[]): string[] {
  const setpriv = findTool("setpriv");
  return setpriv === undefined ? [path, ...args] : [setpriv, "--pdeathsig", "KILL", path, ...args];
}
