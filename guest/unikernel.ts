import type { ConnectOptions } from "./store/connect.ts";
import type { Store } from "./store/store.ts";

/** Where a unikernel's output goes. Writing is binary-safe and in order; a string is written as UTF-8. */
export interface Console {
  /** To standard output, for programs. */
  write(data: Uint8Array | string): void;
  /** To standard error, for people. The caller ends its own lines. */
  error(data: Uint8Array | string): void;
}

/** Where a program may listen so that it is reached from outside. */
export interface Port {
  /** The address to listen at. */
  readonly address: string;
  /** Its number; 0 for whichever is free. */
  readonly port: number;
  /** `ADDRESS:PORT` at which the world finds it, where that is another and known. */
  readonly published?: string | undefined;
}

/** What a unikernel is given. The same in the VM and under `-t unix`. */
export interface UnikernelContext {
  /** Connects to the image; a program that wants no image never pays for one. */
  connect(options?: ConnectOptions): Store;
  readonly console: Console;
  /** The arguments after the program's name. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Standard input of the command on the host; ends at once when there is none. */
  readonly stdin: AsyncIterable<Uint8Array>;
  /** The ports that the host publishes (`-p`), in the order given. */
  readonly ports: readonly Port[];
  /** Whether the user wants to be told what is done (`-v`), on standard error. */
  readonly verbose: boolean;
  /** Aborted when the host wants the program to end (SIGTERM, SIGINT). */
  readonly signal: AbortSignal;
}

/** A guest program. Gives the exit status, 0 to 255; nothing means 0. A thrown error is status 1 and one line. */
export type Unikernel = (context: UnikernelContext) => number | undefined | Promise<number | undefined>;
