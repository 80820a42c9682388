import { type ListEntry, listEntry } from "../store/folder.ts";
import type { Store } from "../store/store.ts";
import { asCall } from "./fs-error.ts";

/** An entry of a folder, or of a folder below it. */
export interface FolderEntry {
  readonly entry: ListEntry;
  /** Path of its folder, relative to the folder that is listed; empty for that one itself. */
  readonly parent: Uint8Array;
}

/** The call that reads a folder, for its errors. */
export interface FolderCall {
  readonly syscall: string;
  /** The folder's path, as the caller wrote it. */
  readonly path: string;
}

/**
 * Reads the entries of a folder in git's order; with `recursive`, the entries below each come right after it.
 * Links are not followed, so a link to a parent makes no circle.
 *
 * @param start the folder's path without links, as `Description` has it.
 * @param weight as for `Store.descend`.
 */
export function* folderEntries(
  store: Store,
  start: Uint8Array,
  recursive: boolean,
  { syscall, path }: FolderCall,
  weight = 1,
): Generator<FolderEntry, void> {
  if (!recursive) {
    const folder = asCall(syscall, path, () => store.folder(start));
    for (let i = 0; i < folder.count; i++) yield { entry: folder.entry(i), parent: HERE };
    return;
  }
  const descent = asCall(syscall, path, () => store.descend(start, HERE, weight));
  let parent = HERE;
  while (descent !== undefined && asCall(syscall, path, () => descent.next())) {
    if (Buffer.compare(descent.folder, parent) !== 0) parent = descent.folder.slice();
    yield { entry: listEntry(descent.tree, descent.entry), parent };
  }
}

const HERE: Uint8Array = new Uint8Array();
