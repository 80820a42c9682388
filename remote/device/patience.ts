import { DEFAULT_DEADLINE } from "../source.ts";

/** Seconds that a read may take beside those of its source: for the turn of others, here and elsewhere. */
const MARGIN = 60;

/** Milliseconds after which something is wrong with the thread that fetches, which keeps to a deadline itself. */
export function patienceOf(deadline = DEFAULT_DEADLINE): number {
  return (deadline + MARGIN) * 1000;
}
