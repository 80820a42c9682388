import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Peer } from "../../protocol/streams/opening.ts";

/** Milliseconds between two attempts to reach a program that does not listen yet. */
const RETRY_MS = 50;

/** Milliseconds for a program to listen at a port. */
const START_LIMIT_MS = 10_000;

/** Ports of a loopback address that connections come from. */
const FIRST_PORT = 1024;
const PORTS = 64_000;

/** Where the clients of loopback connections are, by `ADDRESS:PORT` of the connection's own end. */
const peers = new Map<string, Peer>();
let count = 0;

/** Ports at which a program has accepted a connection. */
const reached = new Set<number>();

/**
 * Connects a client's connection with what listens at a port of this machine's loopback: a program's own
 * server. A program that has just started may take a moment to listen.
 *
 * @param peer where the client is; the server's socket tells it.
 */
export async function forward(client: Duplex, port: number, peer: Peer | undefined): Promise<void> {
  const server = await reach(client, port, peer);
  if (server === undefined) {
    (client as Partial<Socket>).resetAndDestroy?.();
    return;
  }
  reached.add(port);
  client.on("error", () => server.resetAndDestroy());
  server.on("error", () => (client as Partial<Socket>).resetAndDestroy?.());
  client.pipe(server);
  server.pipe(client);
  client.once("close", () => server.destroy());
}

async function reach(client: Duplex, port: number, peer: Peer | undefined): Promise<Socket | undefined> {
  for (const start = performance.now(); !client.destroyed; ) {
    for (const host of ["127.0.0.1", "::1"]) {
      let server = await connect(host, port, peer);
      // The program itself has this port at all addresses: the next is free.
      while (server === "taken" && !client.destroyed) server = await connect(host, port, peer);
      if (typeof server === "object") return server;
    }
    if (reached.has(port) || performance.now() - start > START_LIMIT_MS) break;
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
  return undefined;
}

/**
 * Connects from an address and a port that no other connection has: they name the client.
 * @returns undefined if nothing listens; `taken` if there cannot be a connection from that port.
 */
function connect(host: string, port: number, peer: Peer | undefined): Promise<Socket | undefined | "taken"> {
  const number = count++;
  const localPort = FIRST_PORT + (number % PORTS);
  const localAddress = host === "::1" ? host : `127.1.${Math.floor(number / PORTS) % 256}.1`;
  const key = `${localAddress}:${localPort}`;
  if (peer !== undefined) peers.set(key, peer);
  const { connect } = process.getBuiltinModule("node:net");
  const socket = connect({ host, port, localAddress, localPort, allowHalfOpen: true, noDelay: true });
  socket.once("close", () => peers.delete(key));
  return new Promise((resolve) => {
    socket.once("connect", () => resolve(socket));
    socket.once("error", ({ code }: NodeJS.ErrnoException) => {
      resolve(code === "EADDRINUSE" ? "taken" : undefined);
    });
  });
}

/** What `net.Socket` keeps of the other end of its connection. */
interface PeerName {
  address?: string;
  port?: number;
  family?: string;
}

/** Makes the sockets of a program's servers tell the address of the client rather than the loopback's. */
export function showClientAddresses(): void {
  const { Socket } = process.getBuiltinModule("node:net");
  const prototype = Socket.prototype as unknown as { _getpeername(this: unknown): PeerName };
  const original = prototype._getpeername;
  prototype._getpeername = function () {
    const name = original.call(this);
    const peer = peers.get(`${name.address?.replace(/^::ffff:/, "")}:${name.port}`);
    if (peer === undefined) return name;
    return { ...peer, family: peer.address.includes(":") ? "IPv6" : "IPv4" };
  };
}
