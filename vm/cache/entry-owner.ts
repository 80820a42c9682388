import { lstat } from "node:fs/promises";
import { hasEnded, processName } from "../../reader/process-name.ts";

/** Names this process as the owner of a temporary cache entry; see `processName`. */
export const thisOwner = processName;

/**
 * Returns whether the owner of a temporary cache entry has ended.
 * @param name begins with what `thisOwner` returned, which contains no dash.
 * @param path the entry. Its age decides if the owner runs where this process cannot see it.
 */
export async function isOwnerGone(name: string, path: string): Promise<boolean> {
  const stats = await lstat(path).catch(() => undefined);
  return stats !== undefined && hasEnded(name.split("-")[0] as string, stats.mtimeMs);
}
