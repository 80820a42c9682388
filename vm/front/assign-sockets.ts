import { DocteurError } from "../../reader/errors.ts";
import { printable } from "../../reader/printable.ts";
import { type ListenAddress, printAddress } from "./address.ts";
import type { BindAddress } from "./bind.ts";
import type { SystemdSocket } from "./systemd-sockets.ts";

/**
 * Finds the sockets that systemd hands over for the addresses that name them. `systemd:NAME` has those with
 * that name, `systemd` the rest.
 *
 * @returns for each address where to listen: systemd's sockets, or the address itself.
 * @throws {DocteurError} `PUBLISH_FAILED` if there is no socket for an address, or no address for a socket:
 * its clients would wait for ever.
 */
export function assignSockets(
  addresses: readonly ListenAddress[],
  sockets: readonly SystemdSocket[],
): BindAddress[][] {
  const names = new Set(addresses.map((address) => (address.kind === "systemd" ? address.name : undefined)));
  const left = new Set(sockets);
  const take = (matches: (socket: SystemdSocket) => boolean) => {
    const taken = [...left].filter(matches);
    for (const socket of taken) left.delete(socket);
    return taken;
  };
  const assigned = addresses.map((address) => {
    if (address.kind !== "systemd") return [address];
    const { name } = address;
    const taken = take((socket) => (name === undefined ? !names.has(socket.name) : socket.name === name));
    if (taken.length === 0) throw new DocteurError("PUBLISH_FAILED", noSocket(address, sockets));
    return taken;
  });
  const [unused] = left;
  if (unused !== undefined) {
    const name = printable(unused.name);
    const message = `systemd hands over a socket that no option takes; -p systemd:${name}:GUESTPORT takes it`;
    throw new DocteurError("PUBLISH_FAILED", message);
  }
  return assigned;
}

function noSocket(address: ListenAddress, sockets: readonly SystemdSocket[]): string {
  const names = [...new Set(sockets.map(({ name }) => printable(name)))].join(", ");
  const others = names === "" ? "systemd hands over none" : `systemd hands over ${names}, and each once`;
  return `${printAddress(address)}: there is no such socket: ${others}; a .socket unit names it by FileDescriptorName=`;
}
