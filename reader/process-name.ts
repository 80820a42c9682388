import { readFileSync, readlinkSync } from "node:fs";

/** After this long what a process made that cannot be asked after is a leftover. */
const ABANDONED_MS = 24 * 60 * 60 * 1000;

/** How `processName` looks, for a regular expression. */
export const PROCESS_NAME = "[0-9a-f]+\\.\\d+\\.\\d+";

/**
 * Names this process in what it makes on the disk for a while, so that a later one can tell whether it still runs,
 * and if not remove it: the machine's boot and its namespace of processes, the process id, the time of its start. The
 * id alone comes again, and says nothing to another container or machine that shares the folder.
 */
export function processName(): string {
  return `${space()}.${process.pid}.${startOf(process.pid)}`;
}

/**
 * Whether the process that `processName` named has ended.
 * @param modified when what it made was last changed, in milliseconds since the epoch: decides where the process
 * cannot be seen from here.
 */
export function hasEnded(name: string, modified: number): boolean {
  const [itsSpace, pid, start] = name.split(".");
  if (itsSpace === space()) return startOf(Number(pid)) !== start;
  return Date.now() - modified > ABANDONED_MS;
}

/**
 * 8 hexadecimal digits of the boot's random id (proc(5), `boot_id`), where the machine has one, then the namespace's
 * number.
 */
function space(): string {
  const namespace = readlinkSync("/proc/self/ns/pid").replace(/\D/g, "");
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "latin1").slice(0, 8) + namespace;
  } catch {
    return namespace;
  }
}

/** When a process started, in ticks since the host's boot (proc(5), field 22 of `stat`); empty if it does not run. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field is the command's name in brackets, and may hold spaces and brackets itself.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    // Killed, and its parent has not asked after it; in a container there may be none that does.
    return fields[0] === "Z" || fields[0] === "X" ? "" : (fields[19] ?? "");
  } catch {
    return "";
  }
}
