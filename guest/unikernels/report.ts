import { DocteurError, InvalidImageError } from "../../reader/errors.ts";
import { printable } from "../../reader/printable.ts";
import { SourceError } from "../../reader/source-error.ts";
import type { Console } from "../unikernel.ts";

/** The exit status of a wrong call, as of the command line. */
const USAGE_STATUS = 2;

/** Writes the usage of a program. @returns the exit status. */
export function usageError(console: Console, program: string, usage: string, unknown?: string): number {
  const what = unknown === undefined ? "" : `${program}: ${printable(unknown)}: invalid argument; `;
  console.error(`${what}usage: ${usage}\n`);
  return USAGE_STATUS;
}

/** Does the same work for each item. @returns the worst status. */
export function worst<Item>(items: Iterable<Item>, work: (item: Item) => number): number {
  let status = 0;
  for (const item of items) status = Math.max(status, work(item));
  return status;
}

/**
 * Does a part of a program's work. An error of one path becomes one line, and the program goes on with the
 * next. A damaged image ends the program.
 *
 * @returns 0, or 1 if it failed.
 */
export function attempt(console: Console, program: string, work: () => void): number {
  try {
    work();
    return 0;
  } catch (error) {
    return report(console, program, error);
  }
}

/** As `attempt`, for asynchronous work. */
export async function attemptAsync(
  console: Console,
  program: string,
  work: () => Promise<void>,
): Promise<number> {
  try {
    await work();
    return 0;
  } catch (error) {
    return report(console, program, error);
  }
}

function report(console: Console, program: string, error: unknown): number {
  // What follows could not be read either.
  const isOfImage = error instanceof InvalidImageError || error instanceof SourceError;
  if (isOfImage || !(error instanceof DocteurError)) throw error;
  console.error(`${program}: ${printable(error.message)}\n`);
  return 1;
}
