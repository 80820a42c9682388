import { readFileSync, readlinkSync } from "node:fs";
import { stat } from "node:fs/promises";

/** After this long, a temporary folder of a builder that cannot be asked after is a leftover. */
const ABANDONED_MS = 24 * 60 * 60 * 1000;

/**
 * Names this process so that another can tell later whether it still runs: namespace, process id and time of its start.
 * The id alone comes again, and says nothing to a container that shares the cache.
 */
export function thisBuilder(): string {
  return `${namespace()}.${process.pid}.${startOf(process.pid)}`;
}

/**
 * Tells whether the process that `thisBuilder` named has ended.
 * @param builder begins with that name.
 * @param path what it was building; its age decides when the process itself cannot be seen from here.
 */
export async function isBuilderGone(builder: string, path: string): Promise<boolean> {
  const [space, pid, start] = builder.split("-")[0]!.split(".");
  if (space === namespace()) return startOf(Number(pid)) !== start;
  try {
    return Date.now() - (await stat(path)).mtimeMs > ABANDONED_MS;
  } catch {
    return false;
  }
}

function namespace(): string {
  return readlinkSync("/proc/self/ns/pid").replace(/\D/g, "");
}

/** When a process started, in ticks since the host's boot (proc(5), field 22 of `stat`); empty if there is none. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field is the command's name in brackets, and may hold spaces and brackets itself.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch {
    return "";
  }
}
