import { type ChildProcess, spawn } from "node:child_process";
import type { Duplex, Readable, Writable } from "node:stream";
import { findTool } from "../tools.ts";
import { childEnvironment } from "./child-environment.ts";
import { ConsoleReader } from "./console-reader.ts";
import type { Tail } from "./tail.ts";

/** The child's descriptor of the channel. */
export const CHANNEL_FD = 3;

/** The child's descriptor of the control channel, if it has one. */
export const CONTROL_FD = 4;

/** The child's descriptor of `ChildOptions.file`. */
export const FILE_FD = 5;

/** The child's descriptor of the streams. */
export const STREAMS_FD = 6;

/** The child's descriptors of `ChildOptions.output`. */
export const OUTPUT_FD = 7;
export const ERRORS_FD = 8;

/** The child's descriptor of the disk that this process serves, if there is one. */
export const DISK_FD = 9;

/** What a child has beyond the channel, and how it ends. */
export interface ChildOptions {
  /** Whether it has a control channel, a second pair of sockets. Default: no. */
  readonly control?: boolean;
  /** A descriptor of this process for its `FILE_FD`. */
  readonly file?: number;
  /** Whether it has a socket to read a disk through. Default: no. */
  readonly disk?: boolean;
  /** Descriptors of this process for its `OUTPUT_FD` and its `ERRORS_FD`. */
  readonly output?: { readonly stdout?: number | undefined; readonly stderr?: number | undefined };
  /**
   * Whether the rest of the child's process group is killed when the child exits. Default: no; `ended` then
   * waits for the processes that have its standard output or standard error.
   */
  readonly killsGroup?: boolean;
}

const running = new Set<ChildProcess>();

process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** Milliseconds for which a process that has left the group may keep the child's standard output open. */
const LAST_OUTPUT_MS = 1000;

/**
 * A child that ends when this process ends, with a channel and streams to it: each is one end of a pair of
 * connected sockets, so that there is no file that another user could open.
 */
export class GuardedProcess {
  /** This process's end of the channel. */
  readonly channel: Duplex;
  /** This process's end of the streams. */
  readonly streams: Duplex;
  /** The end of the child's standard output and standard error. */
  readonly consoleLog: Tail;
  /**
   * Resolves once the child has ended and all of its output is read, to its status or its signal in words.
   */
  readonly ended: Promise<string>;
  /** This process's end of the control channel, if there is one. */
  readonly control: Duplex | undefined;
  /** This process's end of the disk's socket, if there is one. */
  readonly disk: Duplex | undefined;
  readonly #child: ChildProcess;

  /** @param consoleStream gets a copy of the child's standard output and standard error. */
  constructor(path: string, args: readonly string[], consoleStream?: Writable, options: ChildOptions = {}) {
    const [command, ...rest] = guarded(path, args);
    const child = spawn(command!, rest, {
      stdio: [
        "ignore",
        "pipe",
        "pipe",
        "pipe",
        options.control ? "pipe" : "ignore",
        options.file ?? "ignore",
        "pipe",
        options.output?.stdout ?? "ignore",
        options.output?.stderr ?? "ignore",
        options.disk ? "pipe" : "ignore",
      ],
      env: childEnvironment(process.env),
      // In a process group of its own it gets no Ctrl-C from the terminal: this process gets it, and sends
      // the guest a SIGNAL frame.
      detached: true,
    });
    this.#child = child;
    running.add(child);
    this.channel = child.stdio[CHANNEL_FD] as Duplex;
    this.streams = (child.stdio as unknown[])[STREAMS_FD] as Duplex;
    this.streams.on("error", () => {});
    this.control = (child.stdio as unknown[])[CONTROL_FD] as Duplex | undefined;
    this.control?.on("error", () => {});
    this.disk = (child.stdio as unknown[])[DISK_FD] as Duplex | undefined;
    this.disk?.on("error", () => {});
    const output = [child.stdout, child.stderr] as Readable[];
    const reader = new ConsoleReader(output, consoleStream);
    this.consoleLog = reader.tail;
    // A write to a child that has just ended fails. `ended` says that it has.
    this.channel.on("error", () => {});
    this.ended = new Promise((resolve) => {
      child.on("error", (error) => resolve(error.message));
      child.on("close", (status, signal) => resolve(signal ?? `status ${status}`));
    });
    child.on("exit", () => {
      reader.stopWaiting();
      // Reads what is left, if nobody does: the child has ended once all of its streams have.
      this.streams.resume();
      this.disk?.destroy();
      if (options.killsGroup !== true) return;
      killGroup(child);
      const limit = setTimeout(() => output.forEach((stream) => void stream.destroy()), LAST_OUTPUT_MS);
      void this.ended.then(() => clearTimeout(limit));
    });
    void this.ended.then(() => running.delete(child));
  }

  /** Kills the child, and waits until it has ended. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    this.channel.destroy();
    this.control?.destroy();
    this.disk?.destroy();
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
 * Has the kernel kill the child when its parent dies for any reason (prctl(2), PR_SET_PDEATHSIG). Where
 * util-linux is not installed, the child still reads the end of its channel.
 */
function guarded(path: string, args: readonly string[]): string[] {
  const setpriv = findTool("setpriv");
  return setpriv === undefined ? [path, ...args] : [setpriv, "--pdeathsig", "KILL", path, ...args];
}
