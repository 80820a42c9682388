import type { BigIntStats } from "node:fs";
import { stat } from "node:fs/promises";

/** What differs when a file is another one, or has other content: file system, inode, size, time. */
export function versionOf({ dev, ino, size, mtimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs].join(":");
}

/** The version of the file at a path; undefined if there is none, or none that this user may see. */
export async function fileVersion(path: string): Promise<string | undefined> {
  const stats = await stat(path, { bigint: true }).catch(() => undefined);
  return stats && versionOf(stats);
}
