import type { LayoutCursor } from "./layout-cursor.ts";
import type { LayoutKey } from "./layout-key.ts";

/**
 * Goes to the entry with a key, which is changed if the entry is a folder.
 * @returns whether there is one.
 * @throws {InvalidImageError} fault `layout`.
 */
export function goToEntry(cursor: LayoutCursor, key: LayoutKey): boolean {
  if (cursor.seek(key.bytes, key.length) === 0) return !cursor.entry.isDisorderMark;
  key.toFolderEntry();
  return cursor.seek(key.bytes, key.length) === 0;
}
