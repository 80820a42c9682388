import type { AddressInfo, Server } from "node:net";
import { DocteurError } from "../../reader/errors.ts";
import { printable } from "../../reader/printable.ts";
import { type ListenAddress, printAddress, unmapped } from "./address.ts";
import { listening } from "./listening.ts";
import { portError } from "./port-error.ts";
import { type SystemdSocket, socketState, unixPath } from "./systemd-sockets.ts";
import { listenAtPath } from "./unix-socket.ts";

/**
 * Connections that wait to be accepted: as many as Linux allows by default (`net.core.somaxconn`). More would
 * be retried by their clients a second later.
 */
const BACKLOG = 4096;

/** A server that listens. */
export interface Bound {
  /** Where, as users write it: `127.0.0.1:34567`, `[::1]:8080`, `unix:/run/site.sock`. */
  readonly published: string;
  /** Stops listening at once, and removes the socket's file. Connections stay. */
  unbind(): void;
}

/** Where a server can listen: an address, or a socket that systemd has opened. */
export type BindAddress = Exclude<ListenAddress, { kind: "systemd" }> | SystemdSocket;

/**
 * Makes a server listen.
 *
 * @param option the option that names the address, for messages. Default: `-p`.
 * @throws {DocteurError} `PORT_TAKEN`, `PORT_FORBIDDEN`, `ADDRESS_UNKNOWN`, `PUBLISH_FAILED`.
 */
export async function bind(server: Server, address: BindAddress, option = "-p"): Promise<Bound> {
  if ("descriptor" in address) return bindSystemd(server, address);
  const printed = printAddress(address);
  if (address.kind === "unix") {
    const removeFile = await listenAtPath(server, address.path, BACKLOG, { address: printed, option });
    return { published: printed, unbind: closing(server, removeFile) };
  }
  const { host, port } = address;
  try {
    // `[::]` is IPv6 alone, so that 0.0.0.0 can have the same port.
    await listening(server, { host, port, backlog: BACKLOG, ipv6Only: host.includes(":"), exclusive: true });
  } catch (cause) {
    throw portError(cause as NodeJS.ErrnoException, printed, option);
  }
  const { port: chosen } = server.address() as AddressInfo;
  return { published: printAddress({ ...address, port: chosen }), unbind: closing(server) };
}

async function bindSystemd(server: Server, { descriptor, name }: SystemdSocket): Promise<Bound> {
  const refusal = (cause?: unknown) =>
    new DocteurError(
      "PUBLISH_FAILED",
      `systemd's socket ${printable(name)}, descriptor ${descriptor}, accepts no connections; its unit needs ListenStream= and Accept=no`,
      { cause },
    );
  const before = socketState(descriptor);
  if (before === "other") throw refusal();
  try {
    await listening(server, { fd: descriptor, backlog: BACKLOG });
  } catch (cause) {
    throw refusal(cause);
  }
  // A socket without an address has one now, which the system has chosen: nobody can know it.
  if (before === "unseen" && socketState(descriptor) === "listening") {
    server.close();
    throw refusal();
  }
  const address = server.address() as AddressInfo | null;
  const path = unixPath(descriptor);
  const published: ListenAddress =
    address !== null
      ? { kind: "tcp", host: unmapped(address.address), port: address.port }
      : path !== undefined
        ? { kind: "unix", path }
        : { kind: "systemd", name };
  return { published: printAddress(published), unbind: closing(server) };
}

/** Closes a server, and then does something else, once. */
function closing(server: Server, then = () => {}): () => void {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    then();
    server.close();
  };
}
