import { DocteurError } from "../reader/errors.ts";

/** The error for an aborted signal: its reason, if that is a `DocteurError`, otherwise `ABORTED`. */
export function aborted(signal: AbortSignal): Error {
  if (signal.reason instanceof DocteurError) return signal.reason;
  return new DocteurError("ABORTED", `ended by ${signalName(signal)}`);
}

/** The name of the operating system's signal that the reason names; by default SIGTERM. */
export function signalName(signal: AbortSignal): string {
  return /SIG[A-Z]+/.exec(String(signal.reason))?.[0] ?? "SIGTERM";
}
