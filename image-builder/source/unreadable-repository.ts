import { closeSync, lstatSync, openSync, readlinkSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import { DocteurError } from "../../reader/errors.ts";
import { type GitResult, reason } from "./git.ts";

/**
 * What a Git directory has besides HEAD (gitrepository-layout(5)): objects, refs in one of their forms, or
 * where both are.
 */
const PARTS = ["objects", "refs", "packed-refs", "reftable", "commondir"];

/** Bytes of a file that are read. */
const MAX_READ = 64 * 1024;

/** Whether a folder may be a Git directory, so that it is worth asking git. */
export function mayBeGitDir(path: string): boolean {
  return PARTS.some((name) => exists(join(path, name))) && (exists(join(path, "HEAD")) || hasGitConfig(path));
}

/**
 * Whether a folder that `mayBeGitDir` has what git writes into HEAD or `config`. Then it is one, though git
 * cannot read it, for it is damaged or of a later format: its settings may hold passwords, its objects
 * private files.
 */
export function looksLikeGitDir(path: string): boolean {
  return hasHead(path) || hasGitConfig(path);
}

/** Whether there is anything at a path, a link that leads nowhere among it. */
export function exists(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    // Below a file there is nothing; a missing permission is an error when the path is read.
    return false;
  }
}

function hasHead(path: string): boolean {
  const head = join(path, "HEAD");
  if (lstatSync(head, { throwIfNoEntry: false })?.isSymbolicLink())
    return readlinkSync(head).startsWith("refs/");
  return /^(ref:\s*refs\/|[0-9a-f]{40}([0-9a-f]{24})?\s*$)/.test(startOf(head));
}

function hasGitConfig(path: string): boolean {
  return /^\s*\[\s*(core|remote|branch|extensions)\b/im.test(startOf(join(path, "config")));
}

/** How a file begins; empty if there is none, or it cannot be read. */
function startOf(path: string): string {
  try {
    // Of a FIFO there may be no end.
    if (!statSync(path).isFile()) return "";
    const file = openSync(path, "r");
    try {
      const buffer = Buffer.alloc(MAX_READ);
      return buffer.toString("latin1", 0, readSync(file, buffer, 0, buffer.length, 0));
    } finally {
      closeSync(file);
    }
  } catch {
    return "";
  }
}

/**
 * The error for a repository that git cannot read: git's own reason, and what to do about it.
 * @param what it is, for the message.
 */
export function unreadableRepository(path: string, what: string, result: GitResult): DocteurError {
  const why = reason(result);
  return new DocteurError("NOT_A_REPOSITORY", `${what}: ${why}${remedy(path, why)}`);
}

function remedy(path: string, why: string): string {
  if (/dubious ownership/.test(why)) {
    return `; if you trust its owner, git config --global --add safe.directory ${JSON.stringify(path)}`;
  }
  if (/unknown repository (extension|format)|expected git repo version/i.test(why)) {
    return "; a newer git may read it";
  }
  const missing = ["HEAD", "objects", "refs"].filter((name) => !exists(join(path, name)));
  if (/^not a git repository/.test(why) && missing.length > 0 && missing.length < 3) {
    return `: ${missing.join(" and ")} ${missing.length === 1 ? "is" : "are"} missing`;
  }
  return "";
}
