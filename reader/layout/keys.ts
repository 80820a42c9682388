const SLASH = 0x2f;

/** Bytes that what the keys of a folder's entries begin with has beyond the folder's path. */
export const KEY_OVERHEAD = 2;

/**
 * A key is a path in a form in which all entries of a folder follow one another, in git's order, before those
 * of the folders in it: the folder's path, a slash, NUL and the name, with a slash at its end if it is of a
 * folder. In the root there is only the NUL before the name. Keys are in the order of their bytes.
 *
 * Writes what the keys of a folder's entries begin with.
 *
 * @param into holds the folder's path of `length` bytes, and `KEY_OVERHEAD` bytes more.
 * @returns how many bytes they begin with.
 */
export function endFolderKey(into: Uint8Array, length: number): number {
  let end = length;
  if (length > 0) into[end++] = SLASH;
  into[end++] = 0;
  return end;
}

/** How many bytes two keys have in common at their start. */
export function sharedStart(a: Uint8Array, length: number, b: Uint8Array, otherLength: number): number {
  const common = Math.min(length, otherLength);
  let shared = 0;
  while (shared < common && a[shared] === b[shared]) shared++;
  return shared;
}
