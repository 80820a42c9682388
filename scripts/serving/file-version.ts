import { stat } from "node:fs/promises";

/**
 * What differs when the file at a path is another one, or has other content: file system, inode, size, time.
 * @returns undefined if there is none, or none that this user may see.
 */
export async function fileVersion(path: string): Promise<string | undefined> {
  const stats = await stat(path, { bigint: true }).catch(() => undefined);
  return stats && [stats.dev, stats.ino, stats.size, stats.mtimeNs].join(":");
}
