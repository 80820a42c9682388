import { readFileSync } from "node:fs";
import { isMainThread } from "node:worker_threads";

/** Milliseconds before now from which on a command may have been started that opens its image only now. */
const LONGEST_START = 15_000;

/** Ticks of a second (proc(5), `sysconf(_SC_CLK_TCK)`): on x86-64 always as many. */
const TICKS = 100;

/** The names of what this process has opened. */
const opened = new Set<string>();

/** When somebody wanted an image. */
export interface Wanted {
  /** Milliseconds since the epoch. What a server has answered earlier is too old. */
  readonly since: number;
  /** Whether this process has opened it before: then it is to find out what there is now. */
  readonly isAgain: boolean;
}

/** Whether an answer came after somebody wanted it. @param at milliseconds since the epoch. */
export function isRecent(at: number, { since }: Wanted): boolean {
  // What comes from the future was written by another clock.
  return at >= since && at <= Date.now();
}

/**
 * When an image was wanted that is opened now: when the command was started, for the first opening of it; in
 * another thread than the main one, and for a process that opens it again, now. So commands that are started
 * at once can share an answer, and no command gets one that is older than itself.
 */
export function whenWanted(name: string): Wanted {
  const now = Date.now();
  if (!isMainThread) return { since: now, isAgain: false };
  if (opened.has(name)) return { since: now, isAgain: true };
  opened.add(name);
  return { since: Math.max(now - age(), now - LONGEST_START), isAgain: false };
}

/** Milliseconds since this process began: under load, Node itself does so later. */
function age(): number {
  const ofNode = process.uptime() * 1000;
  try {
    const stat = readFileSync("/proc/self/stat", "utf8");
    // Field 22; the second one, in brackets, may have spaces in it.
    const started = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]) / TICKS;
    const ofProcess = (Number.parseFloat(readFileSync("/proc/uptime", "latin1")) - started) * 1000;
    // In some containers the two files are not of one clock.
    return ofProcess > ofNode && ofProcess < ofNode + LONGEST_START ? ofProcess : ofNode;
  } catch {
    return ofNode;
  }
}
