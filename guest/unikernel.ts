import type { ImageFs } from "../reader/fs/create-fs.ts";
import type { ConnectOptions } from "../reader/store/connect.ts";
import type { Store } from "../reader/store/store.ts";
import type { Port } from "./protocol/published-port.ts";

/** Where a unikernel's output goes. Writing is binary-safe and in order; a string is written as UTF-8. */
export interface Console {
  /** To standard output, for programs. */
  write(data: Uint8Array | string): void;
  /** To standard error, for people. The caller ends its own lines. */
  error(data: Uint8Array | string): void;
}

/** What a unikernel is given. The same in the VM and under `-t unix`. */
export interface UnikernelContext {
  /**
   * The image as keys and values. Connects when it is first taken, so that a program that wants no image never pays for
   * one; with the layout `light`, unless the user of the command asks for another.
   */
  readonly store: Store;
  /** The same as a file system of the shape of `node:fs`, which itself is the machine's own. */
  readonly fs: ImageFs;
  /** Connects to the image with options of the program's own, to a store of its own. */
  connect(options?: ConnectOptions): Store;
  readonly console: Console;
  /** The arguments after the program's name. */
  readonly args: readonly string[];
  /** What `-e` gave; nothing else of the host's environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Standard input of the command on the host; ends at once when there is none. */
  readonly stdin: AsyncIterable<Uint8Array>;
  /** The ports that the host publishes (`-p`), in the order given. */
  readonly ports: readonly Port[];
  /** Whether standard output is a terminal: text from an image that could steer it is then to be quoted. */
  readonly terminal: boolean;
  /** Whether the user wants to be told what is done (`-v`), on standard error. */
  readonly verbose: boolean;
  /**
   * Aborted when the host wants the program to end, with the name of the signal as the reason (SIGTERM, SIGINT). A program
   * that takes it is expected to end by itself, and has two seconds for it; any other is ended at once.
   */
  readonly signal: AbortSignal;
}

/** A guest program. Gives the exit status, 0 to 255; nothing means 0. A thrown error is status 1 and one line. */
export type Unikernel = (context: UnikernelContext) => number | undefined | Promise<number | undefined>;
