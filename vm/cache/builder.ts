import { lstat } from "node:fs/promises";
import { hasEnded, processName } from "../../reader/process-name.ts";

/** Names this process so that another can tell later whether it still runs; see `processName`. */
export const thisBuilder = processName;

/**
 * Tells whether the process that `thisBuilder` named has ended.
 * @param builder begins with that name, which has no dash.
 * @param path what it was building; its age decides when the process itself cannot be seen from here.
 */
export async function isBuilderGone(builder: string, path: string): Promise<boolean> {
  const stats = await lstat(path).catch(() => undefined);
  return stats !== undefined && hasEnded(builder.split("-")[0] as string, stats.mtimeMs);
}
