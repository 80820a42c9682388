import { createServer } from "node:net";
import { DocteurError } from "../../reader/errors.ts";
import type { Publication } from "./publication.ts";
import type { Qmp } from "./qmp.ts";

const NETDEV = "network";

/**
 * The machine's network: QEMU's own, in which it is alone. With `restrict`, it reaches neither this host nor anything
 * beyond; what comes in at a published port is all there is.
 *
 * @param published ports to publish from the start; they can also be added later, by `publish`.
 */
export function networkArguments(published: readonly Publication[] = []): string[] {
  const forwards = published.map((publication) => `,hostfwd=${forward(publication)}`).join("");
  return [
    ...["-netdev", `user,id=${NETDEV},restrict=on,ipv6=off${forwards}`],
    ...["-device", `virtio-net-device,netdev=${NETDEV}`],
  ];
}

/**
 * Has QEMU publish a machine's ports.
 *
 * @returns the host's port of each, also where any was asked for.
 * @throws {DocteurError} `PORT_TAKEN`, `PORT_FORBIDDEN`, `ADDRESS_UNKNOWN`, `PUBLISH_FAILED`; those of `Qmp.execute`.
 */
export async function publish(qmp: Qmp, publications: readonly Publication[]): Promise<number[]> {
  // There is no command for it in QMP's own words.
  const monitor = (line: string) => qmp.execute("human-monitor-command", { "command-line": line });
  const ports: number[] = [];
  for (const publication of publications) {
    const said = String(await monitor(`hostfwd_add ${NETDEV} ${forward(publication)}`)).trim();
    if (said !== "") {
      await checkPort(publication);
      throw new DocteurError("PUBLISH_FAILED", `QEMU cannot publish the port: ${said}`);
    }
    ports.push(publication.port || chosenPort(String(await monitor("info usernet")), publication, ports));
  }
  return ports;
}

/**
 * Looks whether a port of this host can be had, before a machine is started for it.
 * @throws {DocteurError} `PORT_TAKEN`, `PORT_FORBIDDEN`, `ADDRESS_UNKNOWN`.
 */
export function checkPort({ address, port }: Publication): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", (cause: NodeJS.ErrnoException) => reject(explain(cause, `${address}:${port}`)));
    probe.listen({ host: address, port, exclusive: true }, () => probe.close(() => resolve()));
  });
}

/** Whether an error is about a port of this host, and not about the machine. */
export function isPortError(error: unknown): error is DocteurError {
  const codes: DocteurError["code"][] = ["PORT_TAKEN", "PORT_FORBIDDEN", "ADDRESS_UNKNOWN", "PUBLISH_FAILED"];
  return error instanceof DocteurError && codes.includes(error.code);
}

/** One rule in QEMU's words. */
function forward({ address, port, guestPort }: Publication): string {
  return `tcp:${address}:${port}-:${guestPort}`;
}

/**
 * The port that QEMU's system has chosen, from the table of its forwardings: protocol and state, descriptor, source address
 * and port, destination address and port.
 */
function chosenPort(table: string, { address, guestPort }: Publication, taken: readonly number[]): number {
  for (const line of table.split("\n")) {
    const [, host, port, guest] = /TCP\[HOST_FORWARD\]\s+\d+\s+(\S+)\s+(\d+)\s+\S+\s+(\d+)/.exec(line) ?? [];
    const isSame =
      (host === address || (host === "*" && address === "0.0.0.0")) && Number(guest) === guestPort;
    if (isSame && !taken.includes(Number(port))) return Number(port);
  }
  throw new DocteurError("PUBLISH_FAILED", "QEMU does not tell which port it has published");
}

function explain(cause: NodeJS.ErrnoException, place: string): Error {
  switch (cause.code) {
    case "EADDRINUSE":
      return new DocteurError("PORT_TAKEN", `${place} is taken by another program; -p names another port`, {
        cause,
      });
    case "EACCES":
      return new DocteurError(
        "PORT_FORBIDDEN",
        `${place} is not for this user to take; ports from 1024 on are`,
        {
          cause,
        },
      );
    case "EADDRNOTAVAIL":
      return new DocteurError("ADDRESS_UNKNOWN", `${place} is no address of this machine`, { cause });
    default:
      return new DocteurError("PUBLISH_FAILED", `${place} cannot be had: ${cause.code}`, { cause });
  }
}
