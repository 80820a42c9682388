import type { ErrorCode } from "../../reader/error-codes.ts";
import { DocteurError } from "../../reader/errors.ts";
import type { GuardedProcess } from "../qemu/guarded-process.ts";

/** Lines of the console that are shown when something went wrong. */
export const SHOWN_LINES = 20;

/** A failure of the machine rather than of the program in it. */
export class GuestError extends DocteurError {
  override name = "GuestError";
  /** What the console said last, a line each. */
  readonly console: readonly string[];

  constructor(code: ErrorCode, message: string, console: readonly string[]) {
    super(code, message);
    this.console = console;
  }
}

/** The error that tells what went wrong and what the console said last. */
export function failure(code: ErrorCode, what: string, process: GuardedProcess): GuestError {
  const lines = process.console.lines(SHOWN_LINES);
  const last = lines.at(-1);
  return new GuestError(code, `${what}; its console ${last ? `said last: ${last}` : "said nothing"}`, lines);
}
