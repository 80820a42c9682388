import type { Duplex } from "node:stream";
import type { ImageFs } from "../reader/fs/create-fs.ts";
import type { ConnectOptions } from "../reader/store/connect.ts";
import type { Store } from "../reader/store/store.ts";
import type { Port } from "./protocol/published-port.ts";
import type { AccessRecord } from "./protocol/streams/access-record.ts";

/** A unikernel's output. Writes keep their order and any bytes; a string is written as UTF-8. */
export interface Console {
  /** Writes to standard output, for programs. */
  write(data: Uint8Array | string): void;
  /** Writes to standard error, for people. The caller ends its lines. */
  error(data: Uint8Array | string): void;
}

/** The argument of a unikernel. The same in the VM and under `-t unix`. */
export interface UnikernelContext {
  /**
   * The image as keys and values. The first access connects, so that a program without an image pays nothing
   * for it.
   */
  readonly store: Store;
  /** The image as a file system with the interface of `node:fs`; `node:fs` itself is the machine's. */
  readonly fs: ImageFs;
  /** Connects to the image with the program's own options. @returns another store. */
  connect(options?: ConnectOptions): Store;
  readonly console: Console;
  /** The arguments after the program's name. */
  readonly args: readonly string[];
  /** The variables of `-e`; nothing else of the host's environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Standard input of the command on the host; it ends at once if there is none. */
  readonly stdin: AsyncIterable<Uint8Array>;
  /** The ports that the host publishes (`-p`), in the order of the command line. */
  readonly ports: readonly Port[];
  /**
   * Where `serve` answers `/healthz`, if no host process does.
   * @internal
   */
  readonly health?: Port | undefined;
  /**
   * Reports an answer to the host, with the connection that it went to. Undefined if the host does not ask.
   * @internal
   */
  readonly report?: ((record: AccessRecord, socket: Duplex) => void) | undefined;
  /**
   * Whether standard output is a terminal: a program must then quote text of an image that could control it.
   */
  readonly terminal: boolean;
  /** Whether the user wants reports of the program's work (`-v`), on standard error. */
  readonly verbose: boolean;
  /**
   * Aborted when the host wants the program to end, with the name of the signal as the reason (SIGTERM,
   * SIGINT). A program that uses it must end by itself within two seconds; any other program is ended at
   * once.
   */
  readonly signal: AbortSignal;
}

/**
 * A guest program. Returns the exit status, 0 to 255; undefined means 0. A thrown error is status 1 and one
 * line.
 */
export type Unikernel = (context: UnikernelContext) => number | undefined | Promise<number | undefined>;
