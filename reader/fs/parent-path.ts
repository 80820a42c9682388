import { joinPath } from "../paths/path.ts";
import { type PathLike, toBuffer, toPath } from "./path-like.ts";

const SLASH = 0x2f;

/** A folder's path as its entries show it: bytes if the caller passed bytes, else text. */
export function shownPath(path: PathLike): string | Buffer {
  return path instanceof Uint8Array ? Buffer.from(path) : toPath(path).text;
}

/** The path of a folder below one, as entries in it show it. */
export function parentPath(start: string | Buffer, below: Uint8Array): string | Buffer {
  if (below.length === 0) return start;
  if (typeof start === "string") {
    return `${start.endsWith("/") ? start : `${start}/`}${toBuffer(below).toString()}`;
  }
  const folder = start.at(-1) === SLASH ? start.subarray(0, -1) : start;
  // A root alone keeps its slash, which `joinPath` would drop.
  return folder.length === 0 ? Buffer.concat([Buffer.of(SLASH), below]) : toBuffer(joinPath(folder, below));
}
