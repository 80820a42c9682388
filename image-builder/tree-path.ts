import { shownPath } from "./shown-path.ts";

/**
 * A path in a commit. It refers to the path of the folder above rather than holds it: all paths of a commit
 * together may be longer than any memory.
 */
export interface TreePath {
  readonly name: Uint8Array;
  /** Undefined for the root. */
  readonly parent: TreePath | undefined;
}

/** Characters of a path that a message shows of its beginning, and of its end. */
const HALF = 500;

const SLASH = Buffer.from("/");

/** The path for a message, a long one without its middle; `/` for the root. */
export function shownTreePath(path: TreePath): string {
  const names: Uint8Array[] = [];
  for (let at: TreePath | undefined = path; at?.parent !== undefined; at = at.parent)
    names.push(SLASH, at.name);
  if (names.length === 0) return "/";
  const shown = shownPath(Buffer.concat(names.reverse().slice(0, -1)));
  return shown.length > 2 * HALF ? `${shown.slice(0, HALF)}...${shown.slice(-HALF)}` : shown;
}
