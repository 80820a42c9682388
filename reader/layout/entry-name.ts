import { isForbiddenName } from "../git/forbidden-name.ts";
import { malformed } from "./block-cursor.ts";
import type { LeafCursor } from "./leaf-cursor.ts";

const SLASH = 0x2f;

/**
 * The name of an entry in a folder, a view into the cursor's key.
 *
 * @param folder what the keys of the folder's entries begin with.
 * @throws {InvalidImageError} fault `layout`, if it is in another folder, or no tree may have such a name.
 */
export function entryName(entry: LeafCursor, folder: Uint8Array): Uint8Array {
  const { key, keyLength } = entry;
  const isTree = entry.type === "tree";
  const name = key.subarray(folder.length, isTree ? keyLength - 1 : keyLength);
  const isRight = entry.startsWith(folder, folder.length) && (!isTree || key[keyLength - 1] === SLASH);
  if (!isRight || name.includes(0) || isForbiddenName(name)) throw malformed();
  return name;
}
