import type { Writable } from "node:stream";
import { DocteurError } from "../reader/errors.ts";
import { DEVICES } from "./qemu/devices.ts";
import type { BareMachine } from "./qemu/qemu.ts";
import { startQemu } from "./qemu/start.ts";
import { Guest } from "./session/guest.ts";

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
 * @throws {DocteurError} `BOOT_FAILED`, `BOOT_TIMEOUT`, `ABORTED` or the signal's reason.
 */
export async function coldBoot(machine: BareMachine, options: ColdBootOptions): Promise<Guest> {
  for (let attempt = 1; ; attempt++) {
    const kernelArguments = attempt > 1 ? ["ignore_loglevel"] : [];
    try {
      return await bootOnce({ ...machine, kernelArguments }, options);
    } catch (error) {
      const again = error instanceof DocteurError && error.code === "BOOT_TIMEOUT" && attempt < ATTEMPTS;
      if (!again) throw error;
      options.note(`${error.message}; trying once more`);
    }
  }
}

async function bootOnce(
  machine: BareMachine,
  { seconds, signal, consoleStream }: ColdBootOptions,
): Promise<Guest> {
  const { process, reads } = startQemu({ ...machine, devices: DEVICES }, consoleStream);
  const { memory, disks } = machine;
  const options = { what: "the machine", memory, disks, reads, seconds, signal };
  return Guest.start(
    process,
    options,
    async (channel) => (await channel.ready()) && (await channel.resume()),
  );
}
