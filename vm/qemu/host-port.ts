import { createServer } from "node:net";
import { DocteurError } from "../../reader/errors.ts";
import type { PortMapping } from "./port-mapping.ts";

/**
 * Checks that this user can listen at the host's port of a mapping, before a machine is started for it.
 * @throws {DocteurError} `PORT_TAKEN`, `PORT_FORBIDDEN`, `ADDRESS_UNKNOWN`, `PUBLISH_FAILED`.
 */
export function checkPort({ address, port }: PortMapping): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", (cause: NodeJS.ErrnoException) => reject(portError(cause, `${address}:${port}`)));
    probe.listen({ host: address, port, exclusive: true }, () => probe.close(() => resolve()));
  });
}

/** Whether an error is about a port of this host, and not about the machine. */
export function isPortError(error: unknown): error is DocteurError {
  const codes: DocteurError["code"][] = ["PORT_TAKEN", "PORT_FORBIDDEN", "ADDRESS_UNKNOWN", "PUBLISH_FAILED"];
  return error instanceof DocteurError && codes.includes(error.code);
}

/** The error for a port that the system refuses. @param at `ADDRESS:PORT`. */
export function portError(cause: NodeJS.ErrnoException, at: string): DocteurError {
  switch (cause.code) {
    case "EADDRINUSE":
      return new DocteurError("PORT_TAKEN", `${at} is taken by another program; -p names another port`, {
        cause,
      });
    case "EACCES": {
      const message = `${at} is reserved for root; choose a port from 1024 to 65535`;
      return new DocteurError("PORT_FORBIDDEN", message, { cause });
    }
    case "EADDRNOTAVAIL":
      return new DocteurError("ADDRESS_UNKNOWN", `${at} is not an address of this host`, { cause });
    default:
      return new DocteurError("PUBLISH_FAILED", `${at} cannot be published: ${cause.code}`, { cause });
  }
}
