import { readdirSync, readFileSync } from "node:fs";

/**
 * Ticks a second in /proc, USER_HZ, which is 100 on all of Linux's architectures but alpha and ia64 (proc(5)).
 */
const TICKS = 100;

/** What /proc says of a process. */
interface Stat {
  readonly pid: number;
  readonly parent: number;
  /** CPU seconds of its threads, in steps of 0.01. */
  readonly seconds: number;
  /** The same of its children that have ended, and of theirs. */
  readonly endedChildren: number;
}

/** CPU seconds of what answers requests, since it started. */
export interface CpuTime {
  /** Of the process that accepts the connections, if that is another than those of `machines`. */
  readonly host: number;
  /** Of the machines, or of the program that serves. */
  readonly machines: readonly number[];
}

/**
 * CPU time of a server: of QEMU itself, or of a process and of its children, which are QEMU or the server.
 */
export function cpuTime(pid: number): CpuTime {
  const all = stats();
  const root = all.find((stat) => stat.pid === pid);
  if (root === undefined) throw new Error("a server has ended");
  const children = all.filter(({ parent }) => parent === pid);
  if (children.length === 0) return { host: 0, machines: [root.seconds] };
  return { host: root.seconds, machines: children.map(({ seconds }) => seconds) };
}

/** CPU seconds of this process's children that have ended. */
export function endedChildrenTime(): number {
  return stat(process.pid)!.endedChildren;
}

/** The processes that a process has started and that still run. */
export function childrenOf(pid: number): number[] {
  return stats().flatMap((stat) => (stat.parent === pid ? [stat.pid] : []));
}

function stats(): Stat[] {
  return readdirSync("/proc").flatMap((name) => (/^\d+$/.test(name) ? (stat(Number(name)) ?? []) : []));
}

/** @returns undefined if the process has ended. */
function stat(pid: number): Stat | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return undefined;
  }
  // The name may have spaces and brackets in it; the third field comes after the last bracket.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const field = (number: number) => Number(fields[number - 3]);
  return {
    pid,
    parent: field(4),
    seconds: (field(14) + field(15)) / TICKS,
    endedChildren: (field(16) + field(17)) / TICKS,
  };
}
