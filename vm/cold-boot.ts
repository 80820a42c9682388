import type { Writable } from "node:stream";
import { DocteurError } from "../reader/errors.ts";
import { DEVICES } from "./qemu/devices.ts";
import { GuardedProcess } from "./qemu/guarded-process.ts";
import { publish } from "./qemu/network.ts";
import { guestPorts, type PortMapping } from "./qemu/port-mapping.ts";
import { type BareMachine, findQemu, qemuArguments } from "./qemu/qemu.ts";
import { Qmp } from "./qemu/qmp.ts";
import { Guest } from "./session/guest.ts";
import { CONTROL_DEVICES } from "./template/migration.ts";

const ATTEMPTS = 2;

/** How to boot a machine without a template. */
export interface ColdBootOptions {
  /** Seconds for a machine to boot. */
  readonly seconds: number;
  readonly signal?: AbortSignal | undefined;
  readonly consoleStream?: Writable | undefined;
  /** Gets a line of text before another attempt. */
  readonly note: (line: string) => void;
}

/**
 * Boots a machine, without a template. A boot that hangs is tried once more, with all messages of the kernel.
 *
 * @throws {DocteurError} `BOOT_FAILED`, `BOOT_TIMEOUT`, `ABORTED` or the signal's reason; those of `publish`.
 */
export async function coldBoot(
  machine: BareMachine,
  mappings: readonly PortMapping[],
  options: ColdBootOptions,
): Promise<Guest> {
  for (let attempt = 1; ; attempt++) {
    const kernelArguments = attempt > 1 ? ["ignore_loglevel"] : [];
    try {
      return await bootOnce({ ...machine, kernelArguments }, mappings, options);
    } catch (error) {
      const again = error instanceof DocteurError && error.code === "BOOT_TIMEOUT" && attempt < ATTEMPTS;
      if (!again) throw error;
      options.note(`${error.message}; trying once more`);
    }
  }
}

async function bootOnce(
  machine: BareMachine,
  mappings: readonly PortMapping[],
  { seconds, signal, consoleStream }: ColdBootOptions,
): Promise<Guest> {
  const control = mappings.length > 0;
  const devices = [...DEVICES, ...(control ? CONTROL_DEVICES : [])];
  const args = qemuArguments({ ...machine, devices });
  const process = new GuardedProcess(findQemu(), args, consoleStream, { control });
  const options = { what: "the machine", memory: machine.memory, seconds, signal };
  return Guest.start(process, options, async (channel) => {
    if (!(await channel.ready()) || !(await channel.resume())) return undefined;
    if (!control) return [];
    const qmp = new Qmp(process.control!);
    await qmp.connect();
    return guestPorts(mappings, await publish(qmp, mappings));
  });
}
