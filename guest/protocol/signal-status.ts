/** A status above this tells the number of the signal that ended a program, as a shell has it. */
const SIGNALLED = 128;

/** The exit status of a program that a signal ended, by the signal's name; undefined for what is no signal's name. */
export function signalStatus(name: unknown): number | undefined {
  const number = Object.entries(process.getBuiltinModule("node:os").constants.signals).find(
    ([known]) => known === name,
  )?.[1];
  return number === undefined ? undefined : SIGNALLED + number;
}
