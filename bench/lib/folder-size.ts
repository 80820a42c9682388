import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** Bytes in the files of a folder; what vanishes meanwhile does not count. */
export function bytesIn(folder: string): number {
  let bytes = 0;
  const folders = [folder];
  for (let path = folders.pop(); path !== undefined; path = folders.pop()) {
    for (const name of namesIn(path)) {
      const stats = lstatSync(join(path, name), { throwIfNoEntry: false });
      if (stats?.isDirectory()) folders.push(join(path, name));
      else if (stats?.isFile()) bytes += stats.size;
    }
  }
  return bytes;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Does something, and returns the most bytes that the files of a folder had meanwhile, sampled. */
export async function mostBytesIn(folder: string, work: () => Promise<unknown>): Promise<number> {
  let most = 0;
  const sample = () => {
    most = Math.max(most, bytesIn(folder));
  };
  const timer = setInterval(sample, 100);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  return most;
}
