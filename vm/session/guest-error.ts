import type { ErrorCode } from "../../reader/error-codes.ts";
import { DocteurError } from "../../reader/errors.ts";
import type { GuardedProcess } from "../qemu/guarded-process.ts";

/** An error shows at most this many lines of the console. */
export const SHOWN_LINES = 20;

/** A failure of the machine rather than of the program in it. */
export class GuestError extends DocteurError {
  override name = "GuestError";
  /** The last lines of the console. */
  readonly console: readonly string[];

  constructor(code: ErrorCode, message: string, console: readonly string[]) {
    super(code, message);
    this.console = console;
  }
}

/** Makes the error for a process that failed, with the end of its console log. */
export function guestError(code: ErrorCode, what: string, process: GuardedProcess): GuestError {
  const lines = process.consoleLog.lines(SHOWN_LINES);
  const last = lines.at(-1);
  return new GuestError(code, `${what}; its console ${last ? `ends with: ${last}` : "is empty"}`, lines);
}
