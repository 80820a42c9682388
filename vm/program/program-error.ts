import type { ErrorCode } from "../../reader/error-codes.ts";
import { DocteurError } from "../../reader/errors.ts";

/**
 * A program of the user's own that cannot be run. `code` is `PROGRAM_NOT_FOUND`, `PROGRAM_INVALID` (it cannot
 * be bundled) or `PROGRAM_TYPES` (it can, and has type errors).
 */
export class ProgramError extends DocteurError {
  override name = "ProgramError";
  /** Each fault, as `FILE:LINE:COLUMN: WHAT`; the path is relative to the working directory. */
  readonly diagnostics: readonly string[];

  constructor(code: ErrorCode, message: string, diagnostics: readonly string[] = []) {
    super(code, message);
    this.diagnostics = diagnostics;
  }
}

/** `1 error`, `2 type errors` */
export function countErrors(count: number, kind = "error"): string {
  return `${count} ${kind}${count === 1 ? "" : "s"}`;
}
