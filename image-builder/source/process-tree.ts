import { readFileSync } from "node:fs";

/**
 * Sends SIGTERM to a process and its descendants. Git leaves behind what it started to talk to a server, and
 * a process group of its own would have no terminal on which to ask for a key's passphrase.
 * @param pid does nothing when undefined, or when there is no such process.
 */
export function killProcessTree(pid: number | undefined): void {
  if (pid === undefined) return;
  for (const each of processTree(pid)) {
    try {
      process.kill(each, "SIGTERM");
    } catch {
      // It has ended already.
    }
  }
}

/** The process and its descendants (proc(5), `/proc/PID/task/TID/children`). */
function processTree(pid: number): number[] {
  const members = [pid];
  // The loop appends to the array that it walks.
  for (const each of members) members.push(...children(each));
  return members;
}

function children(pid: number): number[] {
  try {
    const list = readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1");
    return list.split(" ").filter(Boolean).map(Number);
  } catch {
    return [];
  }
}
