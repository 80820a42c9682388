/** A shell's status of a program that a signal ended is this plus the signal's number. */
const SIGNALLED = 128;

/**
 * The exit status of a program that a signal ended, by the signal's name; undefined if no signal has that
 * name.
 */
export function signalStatus(name: unknown): number | undefined {
  const number = Object.entries(process.getBuiltinModule("node:os").constants.signals).find(
    ([known]) => known === name,
  )?.[1];
  return number === undefined ? undefined : SIGNALLED + number;
}
