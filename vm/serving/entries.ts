import type { RunRequest } from "../../guest/protocol/request.ts";
import type { ListenAddress, PortMapping } from "../front/address.ts";
import { assignSockets } from "../front/assign-sockets.ts";
import type { BindAddress } from "../front/bind.ts";
import { takeSystemdSockets } from "../front/systemd-sockets.ts";

/** A port of the machines, and where this host accepts its connections. */
export interface Entry {
  readonly guestPort: number;
  readonly addresses: readonly BindAddress[];
}

/** Where this host accepts the connections of each port of the machines, and those of its operator. */
export function entriesOf(
  mappings: readonly PortMapping[],
  admin?: ListenAddress,
): { entries: Entry[]; admin: readonly BindAddress[] } {
  const places = [...mappings.map(({ address }) => address), ...(admin ? [admin] : [])];
  const hasSystemd = places.some(({ kind }) => kind === "systemd");
  const assigned = assignSockets(places, hasSystemd ? takeSystemdSockets() : []);
  const entries = mappings.map(({ guestPort }, index) => ({ guestPort, addresses: assigned[index]! }));
  return { entries, admin: assigned[mappings.length] ?? [] };
}

/** Where the program listens in its machine. */
export function portsOf(entries: readonly Entry[], published: readonly string[]): RunRequest["ports"] {
  const guestPorts = entries.flatMap(({ guestPort, addresses }) => addresses.map(() => guestPort));
  return guestPorts.map((port, index) => ({ address: "127.0.0.1", port, published: published[index] }));
}
