import { readFileSync, readlinkSync } from "node:fs";

/** The age from which on files of a process in another namespace are leftovers. */
const ABANDONED_MS = 24 * 60 * 60 * 1000;

/** A regular expression for `processName`. */
export const PROCESS_NAME = "[0-9a-f]+\\.\\d+\\.\\d+";

/**
 * A name of this process for its temporary files, so that a later process can check whether it still runs and
 * remove them if not: the machine's boot and the namespace of processes, the process id, the time of its
 * start. An id alone is used again, and means nothing to another container or machine that shares the folder.
 */
export function processName(): string {
  return `${space()}.${process.pid}.${startOf(process.pid)}`;
}

/**
 * Whether the process that `processName` named has ended.
 * @param modified when its file was last changed, in milliseconds since the epoch. This decides for a process
 * of another namespace.
 */
export function hasEnded(name: string, modified: number): boolean {
  const [itsSpace, pid, start] = name.split(".");
  if (itsSpace === space()) return startOf(Number(pid)) !== start;
  return Date.now() - modified > ABANDONED_MS;
}

/**
 * 8 hexadecimal digits of the boot's random id (proc(5), `boot_id`), if the machine has one, and the
 * namespace's number.
 */
function space(): string {
  const namespace = readlinkSync("/proc/self/ns/pid").replace(/\D/g, "");
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "latin1").slice(0, 8) + namespace;
  } catch {
    return namespace;
  }
}

/**
 * When a process started, in ticks since the host's boot (proc(5), field 22 of `stat`); empty if it does not
 * run.
 */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field is the command's name in brackets; it may contain spaces and brackets itself.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    // A zombie: its parent has not waited for it. In a container there may be none that does.
    return fields[0] === "Z" || fields[0] === "X" ? "" : (fields[19] ?? "");
  } catch {
    return "";
  }
}
