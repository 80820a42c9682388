import { DocteurError } from "../../reader/errors.ts";
import { checkPort } from "./host-port.ts";
import type { PortMapping } from "./port-mapping.ts";
import type { Qmp } from "./qmp.ts";

const NETDEV = "network";

/**
 * The machine's network: QEMU's own, in which the machine is alone. With `restrict`, it reaches neither this
 * host nor anything beyond; only connections to published ports come in.
 *
 * @param mappings ports that are published from the start; `publish` adds others later.
 */
export function networkArguments(mappings: readonly PortMapping[] = []): string[] {
  const forwards = mappings.map((mapping) => `,hostfwd=${hostForward(mapping)}`).join("");
  return [
    ...["-netdev", `user,id=${NETDEV},restrict=on,ipv6=off${forwards}`],
    ...["-device", `virtio-net-device,netdev=${NETDEV}`],
  ];
}

/**
 * Publishes the ports of a machine that runs.
 *
 * @returns the host's port of each mapping; for port 0, the one that the system has chosen.
 * @throws {DocteurError} `PUBLISH_FAILED`; those of `checkPort` and of `Qmp.execute`.
 */
export async function publish(qmp: Qmp, mappings: readonly PortMapping[]): Promise<number[]> {
  // QMP has no command of its own for this.
  const monitor = (line: string) => qmp.execute("human-monitor-command", { "command-line": line });
  const ports: number[] = [];
  for (const mapping of mappings) {
    const refusal = String(await monitor(`hostfwd_add ${NETDEV} ${hostForward(mapping)}`)).trim();
    if (refusal !== "") {
      await checkPort(mapping);
      throw new DocteurError("PUBLISH_FAILED", `QEMU cannot publish the port: ${refusal}`);
    }
    ports.push(mapping.port || chosenPort(String(await monitor("info usernet")), mapping, ports));
  }
  return ports;
}

/** The value of QEMU's `hostfwd` for a mapping. */
function hostForward({ address, port, guestPort }: PortMapping): string {
  return `tcp:${address}:${port}-:${guestPort}`;
}

/**
 * Returns the port that the system has chosen for a mapping, from QEMU's table of forwardings: protocol and
 * state, descriptor, source address and port, destination address and port.
 */
function chosenPort(table: string, { address, guestPort }: PortMapping, taken: readonly number[]): number {
  for (const line of table.split("\n")) {
    const [, host, port, guest] = /TCP\[HOST_FORWARD\]\s+\d+\s+(\S+)\s+(\d+)\s+\S+\s+(\d+)/.exec(line) ?? [];
    const isSame =
      (host === address || (host === "*" && address === "0.0.0.0")) && Number(guest) === guestPort;
    if (isSame && !taken.includes(Number(port))) return Number(port);
  }
  throw new DocteurError("PUBLISH_FAILED", "QEMU does not say which port it has published");
}
