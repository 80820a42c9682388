import { networkInterfaces } from "node:os";

/** Milliseconds for a server of addresses to answer. */
const LIMIT_MS = 20_000;
const PAUSE_MS = 20;

/** Waits until this machine has an address beside its loopback's. @returns false if it has none in time. */
export async function hasAddress(): Promise<boolean> {
  const start = performance.now();
  while (performance.now() - start < LIMIT_MS) {
    const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
    // An address that a machine gives itself (fe80::/10) leads nowhere beyond its link.
    if (addresses.some(({ internal, address }) => !internal && !address.startsWith("fe80:"))) return true;
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  return false;
}
