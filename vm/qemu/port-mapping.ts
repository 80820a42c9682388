import type { Port } from "../../guest/protocol/published-port.ts";
import { DocteurError } from "../../reader/errors.ts";

/** A port of this host that leads to a port of the machine. */
export interface PortMapping {
  /** An IPv4 address of this host. */
  readonly address: string;
  /** The port of this host; 0 for any that is free. */
  readonly port: number;
  readonly guestPort: number;
}

const FORM = /^(?:(?<address>[^:]+):)?(?<port>\d{1,5}):(?<guestPort>\d{1,5})$/;
const ADDRESS = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/;
const HIGHEST = 65535;

/**
 * Parses `[ADDRESS:]PORT:GUESTPORT`. Without an address, the port is published to this host alone.
 * @throws {DocteurError} `PUBLISH_MALFORMED`.
 */
export function parsePortMapping(text: string): PortMapping {
  const fields = FORM.exec(text)?.groups;
  const [port, guestPort] = [Number(fields?.port), Number(fields?.guestPort)];
  const address = fields?.address === "localhost" ? "127.0.0.1" : (fields?.address ?? "127.0.0.1");
  const isAddress =
    ADDRESS.exec(address)
      ?.slice(1)
      .every((part) => Number(part) < 256) ?? false;
  if (fields === undefined || !(port <= HIGHEST && guestPort >= 1 && guestPort <= HIGHEST) || !isAddress) {
    throw new DocteurError(
      "PUBLISH_MALFORMED",
      `${text}: a port is published as [ADDRESS:]PORT:GUESTPORT, with an IPv4 address and ports up to ${HIGHEST}, for instance 8080:80`,
    );
  }
  return { address, port, guestPort };
}

/** Where the program listens in the machine. @param ports the host's ports that QEMU has taken. */
export function guestPorts(mappings: readonly PortMapping[], ports: readonly number[]): Port[] {
  return mappings.map(({ address, guestPort }, index) => ({
    address: "0.0.0.0",
    port: guestPort,
    published: `${address}:${ports[index]}`,
  }));
}

/** Where the same program listens when it runs on the host: at the host's own ports. */
export function hostPorts(mappings: readonly PortMapping[]): Port[] {
  return mappings.map(({ address, port }) => ({ address, port }));
}
