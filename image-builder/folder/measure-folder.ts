import { EventLoopYield } from "../event-loop.ts";
import { type FolderEntriesOptions, folderEntries } from "./folder-entries.ts";

/**
 * Bytes in all files that `readFolder` reads, for its progress.
 * @throws {DocteurError} as `folderEntries` does; the signal's reason when aborted.
 */
export async function measureFolder(
  path: string,
  options: FolderEntriesOptions,
  signal?: AbortSignal,
): Promise<number> {
  const top = Buffer.from(path);
  const eventLoop = new EventLoopYield(signal);
  const folders: Buffer[] = [top];
  let bytes = 0;
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const entry of folderEntries(folder, top.length + 1, options)) {
      if (eventLoop.isDue) await eventLoop.yield();
      if (entry.leftOut !== undefined) continue;
      if (entry.stats.isDirectory()) folders.push(entry.path);
      else bytes += entry.stats.size;
    }
  }
  return bytes;
}
