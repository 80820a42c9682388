import * as fs from "node:fs";
import { DocteurError } from "../../reader/errors.ts";

const PORTS = "/sys/class/virtio-ports";
const ATTEMPTS = 500;
const PAUSE_MS = 10;

/**
 * Opens a virtio-serial port by its name, for reading and writing. It waits for the port: the kernel gets the
 * names from the host only after it has found the device.
 *
 * @throws {DocteurError} `NO_PORT`, if it does not appear within five seconds.
 */
export function openPort(name: string): number {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const node = findPort(name);
    if (node !== undefined) return fs.openSync(`/dev/${node}`, "r+");
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
  }
  throw new DocteurError("NO_PORT", `the machine has no port named ${name}`);
}

function findPort(name: string): string | undefined {
  return list(PORTS).find((node) => portName(node) === name);
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
