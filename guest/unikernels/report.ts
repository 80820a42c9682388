import { DocteurError, InvalidImageError } from "../../reader/errors.ts";
import { printable } from "../../reader/printable.ts";
import type { Console } from "../unikernel.ts";

/** The status of a program that was called wrongly, as in the command line around it. */
const USAGE_STATUS = 2;

/** Tells how a program is called. @returns the exit status. */
export function usageError(console: Console, program: string, usage: string, unknown?: string): number {
  const what = unknown === undefined ? "" : `${program}: ${printable(unknown)}: not understood; `;
  console.error(`${what}usage: ${usage}\n`);
  return USAGE_STATUS;
}

/** Does the same for each of many. @returns the worst status. */
export function worst<Item>(items: Iterable<Item>, work: (item: Item) => number): number {
  let status = 0;
  for (const item of items) status = Math.max(status, work(item));
  return status;
}

/**
 * Does one piece of a program's work. What goes wrong with one path is told in one line and does not keep the program
 * from the next; a damaged image does.
 *
 * @returns 0, or 1 if it failed.
 */
export function attempt(console: Console, program: string, work: () => void): number {
  try {
    work();
    return 0;
  } catch (error) {
    return tell(console, program, error);
  }
}

/** As `attempt`, of work that takes turns. */
export async function attemptAsync(
  console: Console,
  program: string,
  work: () => Promise<void>,
): Promise<number> {
  try {
    await work();
    return 0;
  } catch (error) {
    return tell(console, program, error);
  }
}

function tell(console: Console, program: string, error: unknown): number {
  if (!(error instanceof DocteurError) || error instanceof InvalidImageError) throw error;
  console.error(`${program}: ${printable(error.message)}\n`);
  return 1;
}
