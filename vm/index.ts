/// <reference types="node" preserve="true" />
import type { Readable, Writable } from "node:stream";
import { type BootOptions, boot as bootGuest } from "./boot.ts";
import { prepareProgram } from "./program/prepare-program.ts";
import { OneMachine } from "./serving/one-machine.ts";
import type { Guest } from "./session/guest.ts";
import { toRequest } from "./session/to-request.ts";
import { isTerminal } from "./terminal.ts";

export type { ErrorCode } from "../reader/error-codes.ts";
export { DocteurError } from "../reader/errors.ts";
export type { Accelerator } from "./accelerator.ts";
export type { BootOptions } from "./boot.ts";
export { ProgramError } from "./program/program-error.ts";
export { GuestError } from "./session/guest-error.ts";

/** How a program is run, beyond its name and its arguments. */
export interface ProgramSettings {
  /** The program's environment. Default: empty. */
  readonly env?: Readonly<Record<string, string>>;
  /** How the store finds a path. Default: the program's own choice. */
  readonly layout?: "frozen" | "light" | "fast";
  /** Refuses an image of any other commit than this, 40 hexadecimal digits, or 64 for SHA-256. */
  readonly commit?: string;
  /** Whether the types of a program of your own are checked. Default: true. */
  readonly check?: boolean;
  /** The type checker: TypeScript's `bin/tsc`, or the folder of the package. Default: docteur's own. */
  readonly tsc?: string;
  /** Whether the program reports on `stderr` what it does. */
  readonly verbose?: boolean;
  /** Read only when the program reads, and then destroyed at its end. Default: nothing. */
  readonly stdin?: Readable;
  /** Default: that of this process. */
  readonly stdout?: Writable;
  /** Default: that of this process. */
  readonly stderr?: Writable;
  /**
   * Sends the program the signal that the reason names (default SIGTERM). A machine that still runs two
   * seconds later is killed.
   */
  readonly signal?: AbortSignal;
}

/** How to start a machine. */
export interface VmOptions extends BootOptions {
  /**
   * Ports at which this host reaches the machine, `[ADDRESS:]PORT:GUESTPORT` or `unix:PATH:GUESTPORT` each.
   * The address is 127.0.0.1 by default; port 0 is any that is free. Default: none.
   */
  readonly publish?: readonly string[] | undefined;
}

/** A machine that is ready to run one program. */
export class Vm implements AsyncDisposable {
  readonly #guest: Guest;
  readonly #ports: OneMachine | undefined;

  /** @internal */
  constructor(guest: Guest, ports: OneMachine | undefined) {
    this.#guest = guest;
    this.#ports = ports;
  }

  /** The published ports of this host, `ADDRESS:PORT` each, in the order of `publish`. */
  get published(): string[] {
    return [...(this.#ports?.published ?? [])];
  }

  /**
   * Runs a program, and then ends the machine.
   *
   * @param program the name of one that ships with docteur, or the path of a file of your own.
   * @returns the exit status, 0 to 255.
   * @throws {DocteurError} `GUEST_DIED`, `OUT_OF_MEMORY`, `ABORTED`, `OUTPUT_CLOSED`, `OUTPUT_FAILED`,
   * `INPUT_FAILED`, `MALFORMED_FRAME`, `ARGUMENTS_TOO_LONG`, `LAYOUT_UNKNOWN`, `COMMIT_MALFORMED`,
   * `PROGRAM_NOT_FOUND`, `PROGRAM_INVALID`, `PROGRAM_TYPES`, `TSC_NOT_FOUND`.
   */
  async run(program: string, args: readonly string[] = [], settings: ProgramSettings = {}): Promise<number> {
    const { stdin, stdout = process.stdout, stderr = process.stderr, signal, check, tsc, ...rest } = settings;
    const request = {
      ...toRequest({ program, args, ...rest }),
      terminal: isTerminal(stdout),
    };
    const own = await prepareProgram({ program, check, tsc, signal });
    const streams = { stdin, stdout, stderr };
    if (this.#ports !== undefined) return this.#ports.run(request, streams, signal, own);
    return this.#guest.run(request, streams, signal, own);
  }

  /** Kills the machine. */
  async exit(): Promise<void> {
    await this.#guest[Symbol.asyncDispose]();
    await this.#ports?.[Symbol.asyncDispose]();
  }

  /** The same as `exit`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.exit();
  }
}

/**
 * Starts a machine with an image: from a template if possible, otherwise by a boot.
 *
 * @throws {DocteurError} `IMAGE_NOT_FOUND`, `IMAGE_UNREADABLE`, `INVALID_IMAGE`, `MEMORY`, `NO_KERNEL`,
 * `TOOL_MISSING`; `PUBLISH_MALFORMED`, `PORT_TAKEN`, `PORT_FORBIDDEN`, `ADDRESS_UNKNOWN`, `PUBLISH_FAILED`;
 * `BOOT_FAILED`, `BOOT_TIMEOUT` with the end of the console; `ABORTED`.
 */
export async function boot(options: VmOptions): Promise<Vm> {
  const { publish = [], note = () => {} } = options;
  const ports = publish.length === 0 ? undefined : await OneMachine.listen(publish, note);
  try {
    const guest = await bootGuest(options);
    ports?.attach(guest);
    return new Vm(guest, ports);
  } catch (error) {
    await ports?.[Symbol.asyncDispose]();
    throw error;
  }
}
