import * as fs from "node:fs";
import { DocteurError } from "../../reader/errors.ts";

const PORTS = "/sys/class/virtio-ports";
const LIMIT_MS = 5000;
const PAUSE_MS = 10;

/**
 * Opens a virtio-serial port by its name, for reading and writing. It waits for the port: the kernel gets the
 * names from the host only after it has found the device.
 *
 * @throws {DocteurError} `NO_PORT`, if it does not appear within five seconds.
 */
export function openPort(name: string): number {
  const node = waitForPort(name, LIMIT_MS);
  if (node === undefined) throw new DocteurError("NO_PORT", `the machine has no port named ${name}`);
  return fs.openSync(`/dev/${node}`, "r+");
}

/** Waits for a port. @returns its node; undefined if it does not appear within the limit in milliseconds. */
export function waitForPort(name: string, limit: number): string | undefined {
  for (let waited = 0; ; waited += PAUSE_MS) {
    const node = list(PORTS).find((node) => portName(node) === name);
    if (node !== undefined || waited >= limit) return node;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
  }
}

function portName(node: string): string | undefined {
  try {
    return fs.readFileSync(`${PORTS}/${node}/name`, "utf8").trim();
  } catch {
    // The attribute appears after the port.
    return undefined;
  }
}

function list(folder: string): string[] {
  try {
    return fs.readdirSync(folder);
  } catch {
    return [];
  }
}
