import { fstatSync, readFileSync } from "node:fs";
import { DocteurError } from "../../reader/errors.ts";
import { printable } from "../../reader/printable.ts";

/** A socket that the service manager has opened for this process. */
export interface SystemdSocket {
  readonly descriptor: number;
  /** The `FileDescriptorName=` of its unit; "unknown" if it has none. */
  readonly name: string;
}

/** The first descriptor that systemd hands over (sd_listen_fds(3)). */
const FIRST_DESCRIPTOR = 3;

const VARIABLES = ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PIDFDID"];

/** The state TCP_LISTEN in proc(5)'s tables. */
const TCP_LISTEN = "0A";
/** The flag of a unix socket that accepts connections, `__SO_ACCEPTCON`. */
const UNIX_ACCEPTS = 0x10000;
const UNIX_STREAM = "0001";

/**
 * The sockets that systemd hands over to this process, as sd_listen_fds(3) finds them. Removes the variables
 * from the environment, so that no child process takes the sockets for its own: a second call finds none.
 *
 * @throws {DocteurError} `PUBLISH_FAILED` if the number of sockets is malformed.
 */
export function takeSystemdSockets(env: NodeJS.ProcessEnv = process.env, pid = process.pid): SystemdSocket[] {
  const { LISTEN_PID, LISTEN_FDS = "", LISTEN_FDNAMES = "" } = env;
  for (const variable of VARIABLES) delete env[variable];
  // They are for another process, such as the one that has started this one.
  if (LISTEN_PID !== String(pid)) return [];
  if (!/^\d{1,4}$/.test(LISTEN_FDS)) {
    throw new DocteurError(
      "PUBLISH_FAILED",
      `LISTEN_FDS=${printable(LISTEN_FDS)} is not a number of sockets`,
    );
  }
  const names = LISTEN_FDNAMES.split(":");
  return Array.from({ length: Number(LISTEN_FDS) }, (_, index) => ({
    descriptor: FIRST_DESCRIPTOR + index,
    name: names[index] || "unknown",
  }));
}

/** What a descriptor is, as far as this process can see. */
export type SocketState =
  | "listening"
  /** Not a socket, or one that accepts no connections. */
  | "other"
  /** A socket of another network namespace (`PrivateNetwork=`), or one that has no address yet. */
  | "unseen";

/** Columns of proc(5)'s tables of sockets, from 0. */
const TCP = { state: 3, inode: 9 };
const UNIX = { flags: 3, type: 4, inode: 6, path: 7 };

/** Whether a descriptor is a stream socket that accepts connections, from proc(5)'s tables of sockets. */
export function socketState(descriptor: number): SocketState {
  const inode = socketInode(descriptor);
  if (inode === undefined) return "other";
  for (const table of ["tcp", "tcp6"]) {
    const row = rowOf(table, TCP.inode, inode);
    if (row !== undefined) return row[TCP.state] === TCP_LISTEN ? "listening" : "other";
  }
  const unix = rowOf("unix", UNIX.inode, inode);
  if (unix !== undefined) {
    const accepts = (Number.parseInt(unix[UNIX.flags]!, 16) & UNIX_ACCEPTS) !== 0;
    return accepts && unix[UNIX.type] === UNIX_STREAM ? "listening" : "other";
  }
  const isDatagram = ["udp", "udp6"].some((table) => rowOf(table, TCP.inode, inode) !== undefined);
  return isDatagram ? "other" : "unseen";
}

/** The path of a unix socket; undefined if it has none, or this process cannot see it. */
export function unixPath(descriptor: number): string | undefined {
  const row = rowOf("unix", UNIX.inode, socketInode(descriptor) ?? "");
  return row?.slice(UNIX.path).join(" ") || undefined;
}

/** The inode of a socket, by which the tables name it. */
function socketInode(descriptor: number): string | undefined {
  try {
    const stats = fstatSync(descriptor, { bigint: true });
    return stats.isSocket() ? String(stats.ino) : undefined;
  } catch {
    return undefined;
  }
}

/** The fields of the row of a table that has this inode in a column; undefined if there is none. */
function rowOf(table: string, column: number, inode: string): string[] | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/self/net/${table}`, "utf8");
  } catch {
    return undefined;
  }
  for (const line of text.split("\n")) {
    if (!line.includes(inode)) continue;
    const fields = line.trim().split(/ +/);
    if (fields[column] === inode) return fields;
  }
  return undefined;
}
