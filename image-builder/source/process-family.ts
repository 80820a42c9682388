import { readFileSync } from "node:fs";

/**
 * Tells a process and all that it has started, and those in turn, to end. Git by itself leaves behind what it started
 * to talk to a server, and a process group of its own would have no terminal to ask for a key's passphrase.
 */
export function endFamily(pid: number | undefined): void {
  if (pid === undefined) return;
  for (const each of family(pid)) {
    try {
      process.kill(each, "SIGTERM");
    } catch {
      // It has ended already.
    }
  }
}

/** The process and its descendants (proc(5), `/proc/PID/task/TID/children`). */
function family(pid: number): number[] {
  const members = [pid];
  // Grows while it is gone through.
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
