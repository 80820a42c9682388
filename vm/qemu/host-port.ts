import { createServer } from "node:net";
import { portError } from "../front/port-error.ts";
import type { PortMapping } from "./port-mapping.ts";

export { isPortError, portError } from "../front/port-error.ts";

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
