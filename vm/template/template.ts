import { readFileSync } from "node:fs";
import { join } from "node:path";
import { TEMPLATE_ARGUMENT } from "../../guest/protocol/ports.ts";
import { fingerprint } from "../artifacts/fingerprint.ts";
import { keyOf } from "../cache/cache.ts";
import { type BareMachine, findQemu, NO_DISK, qemuArguments } from "../qemu/qemu.ts";

/** Raised when older templates can no longer be used, although all else is the same. */
const VERSION = "2";

/** Every template's folder in the cache begins with this; its key follows. */
export const PREFIX = "template-";

/** The machine's memory, as a sparse file. */
export function memoryPath(folder: string): string {
  return join(folder, "memory");
}

/** The rest of its state. */
export function statePath(folder: string): string {
  return join(folder, "state");
}

/** The machine that becomes a template: the same, with an empty disk instead of the image. */
export function templateMachine(machine: BareMachine): BareMachine {
  return { ...machine, disks: [machine.disks[0]!, NO_DISK], kernelArguments: [TEMPLATE_ARGUMENT] };
}

/**
 * The template's name in the cache: a hash of everything that the machine is made of, and of the processor,
 * whose features the guest has read at boot.
 */
export function templateName(machine: BareMachine): string {
  const args = qemuArguments({ ...templateMachine(machine), devices: [] });
  return (
    PREFIX +
    keyOf(VERSION, fingerprint(findQemu()), fingerprint(machine.kernel), processor(), args.join("\0"))
  );
}

/** Describes a machine in words. */
export function describe({ memory, accelerator }: BareMachine): string {
  return `${memory} MiB, ${accelerator}`;
}

function processor(): string {
  const lines = readFileSync("/proc/cpuinfo", "utf8").split("\n\n")[0]!.split("\n");
  return lines.filter((line) => /^(vendor_id|cpu family|model|stepping|flags)\b/.test(line)).join();
}
