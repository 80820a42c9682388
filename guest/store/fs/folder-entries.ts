import { joinPath } from "../../layout/path.ts";
import type { ListEntry, Store } from "../store.ts";
import { asCall } from "./fs-error.ts";

/** An entry of a folder, or of a folder below it. */
export interface FolderEntry {
  readonly entry: ListEntry;
  /** Path of the folder it is in, from the folder that was asked for; empty for that one itself. */
  readonly parent: Uint8Array;
}

/** The call that a folder is read by. */
export interface FolderCall {
  readonly syscall: string;
  /** The folder's path as it was given. */
  readonly path: string;
}

/**
 * The entries of a folder in git's order, and with `recursive` what lies below each right after it. Links are not
 * followed, so a link that leads upwards makes no circle.
 *
 * @param start the folder's path without links, as `Description` has it.
 */
export function* folderEntries(
  store: Store,
  start: Uint8Array,
  recursive: boolean,
  { syscall, path }: FolderCall,
): Generator<FolderEntry, void> {
  const list = (folder: Uint8Array) =>
    asCall(syscall, path, () => store.list(folder.length === 0 ? start : joinPath(start, folder)));
  const open = [{ folder: new Uint8Array() as Uint8Array, entries: list(new Uint8Array()), next: 0 }];
  for (let level = open.at(-1); level !== undefined; level = open.at(-1)) {
    const entry = level.entries[level.next++];
    if (entry === undefined) {
      open.pop();
      continue;
    }
    yield { entry, parent: level.folder };
    if (!recursive || entry.type !== "tree") continue;
    const folder = joinPath(level.folder, entry.rawName);
    open.push({ folder, entries: list(folder), next: 0 });
  }
}
