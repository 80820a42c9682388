import { DocteurError } from "../../reader/errors.ts";
import type { PortMapping } from "../front/address.ts";

const NETDEV = "network";

/**
 * The kernel's argument for the guest's address in QEMU's own network (QEMU, "user mode networking"), without asking its
 * server of addresses.
 */
export const USER_NETWORK_ADDRESS = "ip=10.0.2.15::10.0.2.2:255.255.255.0";

/**
 * The network of a machine that a user starts by hand: QEMU's own, in which the machine is alone. With
 * `restrict`, it reaches neither this host nor anything beyond; only connections to published ports come in.
 *
 * @param device QEMU's, with its properties.
 * @throws {DocteurError} `PUBLISH_FAILED` for a mapping that QEMU's network does not know.
 */
export function networkArguments(mappings: readonly PortMapping[], device = "virtio-net-device"): string[] {
  const forwards = mappings.map((mapping) => `,hostfwd=${hostForward(mapping)}`).join("");
  return [
    ...["-netdev", `user,id=${NETDEV},restrict=on,ipv6=off${forwards}`],
    ...["-device", `${device},netdev=${NETDEV}`],
  ];
}

/** The value of QEMU's `hostfwd` for a mapping. */
function hostForward({ address, guestPort }: PortMapping): string {
  if (address.kind !== "tcp" || address.host.includes(":")) {
    throw new DocteurError(
      "PUBLISH_FAILED",
      "a machine that is started by hand publishes ports at IPv4 addresses only: -p [ADDRESS:]PORT:GUESTPORT",
    );
  }
  return `tcp:${address.host}:${address.port}-:${guestPort}`;
}
