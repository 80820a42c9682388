import { lstatSync, readFileSync, readlinkSync, type Stats, statSync } from "node:fs";
import { homedir, userInfo } from "node:os";
import { isAbsolute, join } from "node:path";

/** As Linux' MAXSYMLINKS. */
const MAX_LINKS = 40;

const GROUP_OR_OTHERS = 0o077;
const GROUP_OR_OTHERS_WRITE = 0o022;
const STICKY = 0o1000;

/**
 * Where the cache is, also if it may not be used: `$XDG_CACHE_HOME/docteur`, by default `~/.cache/docteur`.
 */
export function cachePath(): string {
  const base = process.env.XDG_CACHE_HOME;
  // A relative path is to be ignored (XDG Base Directory Specification 0.8).
  return join(base !== undefined && isAbsolute(base) ? base : join(home(), ".cache"), "docteur");
}

/** HOME, or what the system has of this user where that is empty or relative. */
function home(): string {
  const folder = homedir();
  return isAbsolute(folder) ? folder : userInfo().homedir;
}

/**
 * Why a folder, which need not be there, is not this user's alone to write: another user owns it, or it is
 * open to a group or to all, or one of the folders or symbolic links on the way to it is, so that another
 * user could replace it. What belongs to root counts as this user's, except for the folder itself. In a
 * folder like /tmp (sticky), others cannot touch what is not theirs (as sshd judges the way to authorized
 * keys).
 *
 * @returns undefined if it is.
 */
export function whyNotOwn(folder: string): string | undefined {
  const names = folder.split("/").reverse();
  let path = "/";
  let links = 0;
  for (let name = names.pop(); name !== undefined; name = names.pop()) {
    const next = join(path, name);
    const stats = statsOf(next);
    // What is made there then is this user's.
    if (stats === undefined) return undefined;
    const last = names.length === 0;
    const why = stats.isSymbolicLink() ? whyNotOwnLink(stats) : whyNotOwnFolder(stats, last);
    if (why !== undefined) return `${next} ${why}`;
    if (!stats.isSymbolicLink()) path = next;
    else if (++links > MAX_LINKS) return `${next} is one of too many symbolic links`;
    else {
      const target = readlinkSync(next);
      if (isAbsolute(target)) path = "/";
      names.push(...target.split("/").reverse());
    }
  }
  return undefined;
}

/** Undefined if nothing is there, or nothing that this user gets to. */
function statsOf(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/** Whether only this user and root can enter a folder. The modes of what is in it then do not matter. */
export function isPrivate(folder: string): boolean {
  try {
    return (statSync(folder).mode & GROUP_OR_OTHERS) === 0;
  } catch {
    return false;
  }
}

function whyNotOwnFolder({ uid, mode }: Stats, itself: boolean): string | undefined {
  if (uid !== process.geteuid!() && (itself || !isRoot(uid))) return `belongs to another user (uid ${uid})`;
  if ((mode & GROUP_OR_OTHERS_WRITE) === 0 || (!itself && (mode & STICKY) !== 0)) return undefined;
  return `can be written by others (mode ${(mode & 0o7777).toString(8)})`;
}

function whyNotOwnLink({ uid }: Stats): string | undefined {
  return uid === process.geteuid!() || isRoot(uid) ? undefined : `is a link of another user's (uid ${uid})`;
}

/**
 * Whether a user is root, or, in a user namespace that has no number for root, may be (user_namespaces(7)).
 */
function isRoot(uid: number): boolean {
  if (uid === 0) return true;
  const read = (path: string) => readFileSync(path, "utf8").trim();
  try {
    return (
      uid === Number(read("/proc/sys/kernel/overflowuid")) &&
      !/^0\s+0\s+4294967295$/.test(read("/proc/self/uid_map"))
    );
  } catch {
    return false;
  }
}
