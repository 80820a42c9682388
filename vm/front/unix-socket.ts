import { randomBytes } from "node:crypto";
import {
  chmodSync,
  closeSync,
  constants,
  linkSync,
  lstatSync,
  openSync,
  renameSync,
  type Stats,
  unlinkSync,
} from "node:fs";
import { createConnection, type Server } from "node:net";
import { basename, dirname, join, resolve } from "node:path";
import { DocteurError } from "../../reader/errors.ts";
import { listening } from "./listening.ts";

/**
 * Every user of this host may connect, as to a port of 127.0.0.1: a proxy in front runs as another user. The
 * permissions of the folder keep others out.
 */
const MODE = 0o666;

/** What messages call the address, and the option that names another. */
export interface Names {
  readonly address: string;
  readonly option: string;
}

/**
 * Makes a server listen at the path of a unix socket. Replaces the socket of a process that has ended; never
 * touches one that is in use, or another kind of file. The socket appears at the path once it accepts
 * connections, with mode 0666.
 *
 * @returns a function that removes the socket's file, unless it is another one by then.
 * @throws {DocteurError} `PORT_TAKEN`, `PORT_FORBIDDEN`, `PUBLISH_FAILED`.
 */
export async function listenAtPath(
  server: Server,
  path: string,
  backlog: number,
  names: Names,
): Promise<() => void> {
  const target = resolve(path);
  let folder: number | undefined;
  try {
    folder = openSync(dirname(target), constants.O_RDONLY | constants.O_DIRECTORY);
    // A path from here is short, however long the folder's own is.
    const from = `/proc/self/fd/${folder}`;
    await removeStale(join(from, basename(target)), names);
    // Node removes the path that it has bound when the server closes, even if another socket is there by then.
    const bound = join(from, temporaryName());
    await listening(server, { path: bound, backlog, exclusive: true });
    try {
      chmodSync(bound, MODE);
      // Unlike a rename, a link replaces nothing that has appeared meanwhile.
      linkSync(bound, join(from, basename(target)));
      const own = lstatSync(bound);
      return () => removeIfSame(target, own);
    } catch (error) {
      server.close();
      throw error;
    } finally {
      unlinkIfThere(bound);
    }
  } catch (cause) {
    throw explain(cause as NodeJS.ErrnoException, dirname(target), names);
  } finally {
    if (folder !== undefined) closeSync(folder);
  }
}

function temporaryName(): string {
  return `.docteur-${randomBytes(6).toString("hex")}`;
}

/**
 * Removes the socket of a process that has ended.
 * @throws {DocteurError} `PORT_TAKEN`, `PUBLISH_FAILED`.
 */
async function removeStale(target: string, names: Names): Promise<void> {
  const found = lstatSync(target, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) {
    const message = `${names.address} is a file, and not a socket; remove it, or let ${names.option} name another path`;
    throw new DocteurError("PUBLISH_FAILED", message);
  }
  if (await isInUse(target)) throw taken(names);
  // Another process may have replaced the stale socket by its own since: what is moved is looked at again.
  const aside = join(dirname(target), temporaryName());
  try {
    renameSync(target, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  try {
    if (isSame(lstatSync(aside), found)) return;
    linkSync(aside, target);
  } finally {
    unlinkSync(aside);
  }
  throw taken(names);
}

/** Whether a process accepts connections at a socket's file. */
function isInUse(path: string): Promise<boolean> {
  return new Promise((done, reject) => {
    const probe = createConnection({ path });
    probe.once("connect", () => {
      probe.destroy();
      done(true);
    });
    probe.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ECONNREFUSED" || error.code === "ENOENT") done(false);
      // Its queue is full; or it is a socket of datagrams.
      else if (error.code === "EAGAIN" || error.code === "EPROTOTYPE") done(true);
      else reject(error);
    });
  });
}

function removeIfSame(path: string, own: Stats): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found !== undefined && isSame(found, own)) unlinkIfThere(path);
}

function isSame(one: Stats, other: Stats): boolean {
  return one.dev === other.dev && one.ino === other.ino;
}

function unlinkIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It is gone, or its folder is closed to this user: nothing is left to do.
  }
}

function taken({ address, option }: Names, cause?: Error): DocteurError {
  const message = `${address} is taken by another program; ${option} names another path`;
  return new DocteurError("PORT_TAKEN", message, { cause });
}

function explain(cause: NodeJS.ErrnoException, folder: string, names: Names): Error {
  const { address } = names;
  switch (cause.code) {
    case "EEXIST":
    case "EADDRINUSE":
      return taken(names, cause);
    case "EACCES":
    case "EPERM":
    case "EROFS": {
      const message = `${address} cannot be made: this user may not write to ${folder}, or to what is there`;
      return new DocteurError("PORT_FORBIDDEN", message, { cause });
    }
    case "ENOENT":
    case "ENOTDIR":
      return new DocteurError("PUBLISH_FAILED", `${address} cannot be made: ${folder} is not a folder`, {
        cause,
      });
    default:
      if (cause instanceof DocteurError) return cause;
      return new DocteurError("PUBLISH_FAILED", `${address} cannot be published: ${cause.code}`, { cause });
  }
}
