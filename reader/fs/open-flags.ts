import { constants } from "node:fs";
import type { FsErrorCode } from "../error-codes.ts";
import type { Kind } from "../store/store.ts";
import { wrongValue } from "./argument-error.ts";

const { O_RDONLY, O_WRONLY, O_RDWR, O_CREAT, O_EXCL, O_TRUNC, O_APPEND, O_SYNC } = constants;
const { O_DIRECTORY, O_NOFOLLOW } = constants;

const FLAGS: ReadonlyMap<string, number> = new Map(
  Object.entries({
    r: O_RDONLY,
    rs: O_RDONLY | O_SYNC,
    sr: O_RDONLY | O_SYNC,
    "r+": O_RDWR,
    "rs+": O_RDWR | O_SYNC,
    "sr+": O_RDWR | O_SYNC,
    w: O_TRUNC | O_CREAT | O_WRONLY,
    wx: O_TRUNC | O_CREAT | O_WRONLY | O_EXCL,
    xw: O_TRUNC | O_CREAT | O_WRONLY | O_EXCL,
    "w+": O_TRUNC | O_CREAT | O_RDWR,
    "wx+": O_TRUNC | O_CREAT | O_RDWR | O_EXCL,
    "xw+": O_TRUNC | O_CREAT | O_RDWR | O_EXCL,
    a: O_APPEND | O_CREAT | O_WRONLY,
    ax: O_APPEND | O_CREAT | O_WRONLY | O_EXCL,
    xa: O_APPEND | O_CREAT | O_WRONLY | O_EXCL,
    as: O_APPEND | O_CREAT | O_WRONLY | O_SYNC,
    sa: O_APPEND | O_CREAT | O_WRONLY | O_SYNC,
    "a+": O_APPEND | O_CREAT | O_RDWR,
    "ax+": O_APPEND | O_CREAT | O_RDWR | O_EXCL,
    "xa+": O_APPEND | O_CREAT | O_RDWR | O_EXCL,
    "as+": O_APPEND | O_CREAT | O_RDWR | O_SYNC,
    "sa+": O_APPEND | O_CREAT | O_RDWR | O_SYNC,
  }),
);

/**
 * The flags of open(2) for what node:fs calls `flags`; the table is its documentation's.
 * @throws {ArgumentError}
 */
export function toFlags(flags: string | number | null | undefined): number {
  if (flags === undefined || flags === null) return O_RDONLY;
  if (typeof flags === "number") return flags;
  const number = typeof flags === "string" ? FLAGS.get(flags) : undefined;
  if (number === undefined) throw wrongValue("flags", "is invalid", flags);
  return number;
}

/** Whether a link that is the last name is followed; one that is to be created is not. */
export function followsLink(flags: number): boolean {
  return (flags & O_NOFOLLOW) === 0 && (flags & (O_CREAT | O_EXCL)) !== (O_CREAT | O_EXCL);
}

/** Whether the flags create a missing file. */
export function creates(flags: number): boolean {
  return (flags & O_CREAT) !== 0;
}

/**
 * The error of opening something that exists with these flags, checked in Linux' order; undefined if there is
 * none.
 */
export function refusal(flags: number, kind: Kind, isLink: boolean): FsErrorCode | undefined {
  if (creates(flags) && (flags & O_EXCL) !== 0) return "EEXIST";
  const writes = (flags & (O_WRONLY | O_RDWR | O_TRUNC)) !== 0;
  if (kind === "dictionary") return writes || creates(flags) ? "EISDIR" : undefined;
  if ((flags & O_DIRECTORY) !== 0) return "ENOTDIR";
  if (isLink) return "ELOOP";
  return writes ? "EROFS" : undefined;
}
