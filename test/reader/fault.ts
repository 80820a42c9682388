import type { ExecutionContext } from "ava";
import { DocteurError, InvalidImageError } from "../../reader/errors.ts";

/**
 * What is said to be wrong: an image's fault, or the code of another error of ours. Any other error is thrown
 * on.
 */
export function faultOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof InvalidImageError) return error.fault;
    if (error instanceof DocteurError) return error.code;
    throw error;
  }
  return "none";
}

/** Asserts that the work is refused with this fault or code. */
export function refused(t: ExecutionContext, fault: string, work: () => unknown, message?: string): void {
  t.is(faultOf(work), fault, message);
}
