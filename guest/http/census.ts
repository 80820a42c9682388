import type { ListEntry, Store } from "../store/store.ts";

/** How much there is in an image. */
export interface Census {
  readonly files: number;
  readonly folders: number;
  readonly links: number;
  readonly submodules: number;
}

/** Folders that are counted between two turns of the event loop. */
const STRIDE = 16;

/**
 * Counts what the commit holds, a path at a time. All trees are read for it, in turns.
 * @throws {InvalidImageError}
 */
export async function takeCensus(store: Store): Promise<Census> {
  const census = { files: 0, folders: 0, links: 0, submodules: 0 };
  const pending: { path: Uint8Array; entries: readonly ListEntry[]; next: number }[] = [];
  const enter = (path: Uint8Array) => pending.push({ path, entries: store.list(path), next: 0 });
  enter(Buffer.of());
  for (let level = pending.at(-1); level !== undefined; level = pending.at(-1)) {
    const entry = level.entries[level.next++];
    if (entry === undefined) pending.pop();
    else if (entry.type === "tree") {
      census.folders++;
      enter(Buffer.concat([level.path, SLASH, entry.rawName]));
      if (census.folders % STRIDE === 0) await new Promise((resolve) => setImmediate(resolve));
    } else if (entry.type === "symlink") census.links++;
    else if (entry.type === "gitlink") census.submodules++;
    else census.files++;
  }
  return census;
}

const SLASH = Buffer.from("/");
