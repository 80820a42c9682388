import type { ExecutionContext } from "ava";
import type { ErrorCode } from "../../reader/error-codes.ts";
import { DocteurError } from "../../reader/errors.ts";

/** Asserts that the work fails with an error of ours of this code, in one line. @returns the error. */
export async function failsWith(
  t: ExecutionContext,
  code: ErrorCode,
  work: () => unknown,
  message?: RegExp,
): Promise<DocteurError> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof DocteurError)) throw error;
    t.is(error.code, code, error.message);
    t.notRegex(error.message, /\n/);
    if (message !== undefined) t.regex(error.message, message);
    return error;
  }
  throw new Error(`${code} was expected, but nothing failed`);
}
