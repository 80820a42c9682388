import { createServer, type Socket } from "node:net";
import { unmapped } from "./address.ts";
import { type BindAddress, bind } from "./bind.ts";
import { areDescriptorsScarce } from "./descriptors.ts";
import { oncePer } from "./once-per.ts";

/** Who has connected. */
export interface Peer {
  readonly family: "IPv4" | "IPv6";
  readonly address: string;
  readonly port: number;
}

/** What becomes of connections. */
export interface ListenOptions {
  /**
   * Gets each connection: paused, without Nagle's delay, and open in the other direction when one ends.
   * @param peer undefined for unix sockets.
   */
  readonly onConnection: (socket: Socket, peer: Peer | undefined) => void;
  /** Gets a line of text about what goes wrong, at most one a minute of each kind. */
  readonly note?: (line: string) => void;
}

/** An address at which this process accepts connections. */
export interface Listener {
  /** As users write it: `127.0.0.1:34567`, `[::1]:8080`, `unix:/run/site.sock`. */
  readonly published: string;
  /** Accepts no further connection, from now on; those that wait are reset. Removes the socket's file. */
  close(): void;
}

/** Milliseconds between two lines of the same kind. */
const NOTE_INTERVAL = 60_000;

/**
 * Accepts connections at an address, or at a socket that systemd has opened.
 * @throws {DocteurError} `PORT_TAKEN`, `PORT_FORBIDDEN`, `ADDRESS_UNKNOWN`, `PUBLISH_FAILED`.
 */
export async function listen(address: BindAddress, options: ListenOptions): Promise<Listener> {
  const { onConnection, note = () => {} } = options;
  const noteFull = oncePer(NOTE_INTERVAL, (refused) => {
    note(`${published}: too many open files (ulimit -n, LimitNOFILE=); connections refused: ${refused}`);
  });
  const noteFault = oncePer(NOTE_INTERVAL, (_count, error: NodeJS.ErrnoException) => {
    note(`${published}: a connection cannot be accepted: ${error.code ?? error.message}`);
  });
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (socket) => {
    // An error event without a listener ends the process.
    socket.on("error", () => {});
    if (areDescriptorsScarce()) {
      refuse(socket, isTcp);
      noteFull();
      return;
    }
    const peer = peerOf(socket);
    // A TCP connection without a peer is one that the client has reset.
    if (peer === undefined && isTcp) socket.destroy();
    else onConnection(socket, peer);
  });
  const { published, unbind } = await bind(server, address);
  // Of a unix socket it is the path, or null.
  const isTcp = typeof server.address() === "object" && server.address() !== null;
  server.on("error", noteFault);
  return { published, close: unbind };
}

/**
 * Accepts connections at several addresses, or at none of them if one fails.
 * @throws {DocteurError} those of `listen`.
 */
export async function listenAll(
  addresses: readonly BindAddress[],
  options: ListenOptions,
): Promise<Listener[]> {
  const listeners: Listener[] = [];
  try {
    for (const address of addresses) listeners.push(await listen(address, options));
  } catch (error) {
    for (const listener of listeners) listener.close();
    throw error;
  }
  return listeners;
}

function peerOf({ remoteAddress, remoteFamily, remotePort }: Socket): Peer | undefined {
  if (remoteAddress === undefined || remotePort === undefined) return undefined;
  const address = unmapped(remoteAddress);
  // A socket of systemd's may serve both families.
  const family = remoteFamily === "IPv6" && address === remoteAddress ? "IPv6" : "IPv4";
  return { family, address, port: remotePort };
}

function refuse(socket: Socket, isTcp: boolean): void {
  if (isTcp) socket.resetAndDestroy();
  else socket.destroy();
}
