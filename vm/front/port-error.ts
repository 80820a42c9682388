import { DocteurError } from "../../reader/errors.ts";

/** Whether an error is about a port of this host, and not about the machine. */
export function isPortError(error: unknown): error is DocteurError {
  const codes: DocteurError["code"][] = ["PORT_TAKEN", "PORT_FORBIDDEN", "ADDRESS_UNKNOWN", "PUBLISH_FAILED"];
  return error instanceof DocteurError && codes.includes(error.code);
}

/**
 * The error for a port that the system refuses.
 * @param at the address, as `printAddress` writes it.
 * @param option the option that names another. Default: `-p`.
 */
export function portError(cause: NodeJS.ErrnoException, at: string, option = "-p"): DocteurError {
  switch (cause.code) {
    case "EADDRINUSE": {
      const message = `${at} is taken by another program; ${option} names another port`;
      return new DocteurError("PORT_TAKEN", message, { cause });
    }
    case "EACCES": {
      const message = `${at} is reserved for root; choose a port from 1024 to 65535`;
      return new DocteurError("PORT_FORBIDDEN", message, { cause });
    }
    case "EADDRNOTAVAIL":
      return new DocteurError("ADDRESS_UNKNOWN", `${at} is not an address of this host`, { cause });
    case "EAFNOSUPPORT":
      return new DocteurError("ADDRESS_UNKNOWN", `${at} needs IPv6, which this host does not have`, {
        cause,
      });
    case "EINVAL": {
      const message = `${at} is not an address of this host, or lacks its interface, as in [fe80::1%eth0]`;
      return new DocteurError("ADDRESS_UNKNOWN", message, { cause });
    }
    default:
      return new DocteurError("PUBLISH_FAILED", `${at} cannot be published: ${cause.code}`, { cause });
  }
}
