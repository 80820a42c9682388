import type { Writable } from "node:stream";
import { DocteurError } from "../guest/errors.ts";
import { CHANNEL_PORT } from "../guest/runtime/ports.ts";
import { CHANNEL_FD, GuardedProcess } from "./guarded-process.ts";
import { Guest } from "./guest.ts";
import { type MachineOptions, prepareMachine } from "./prepare.ts";
import { findQemu, type Machine, qemuArguments } from "./qemu.ts";

/** Seconds to the guest's first word. Emulated on a busy host, a boot takes a few; a hanging one takes for ever. */
const DEFAULT_BOOT_TIMEOUT = 60;

const ATTEMPTS = 2;

/** The channel is the descriptor that `GuardedProcess` hands over; the console is QEMU's standard output. */
const DEVICES = [
  ...["-serial", "stdio"],
  ...["-device", "virtio-serial-device", "-chardev", `socket,id=channel,fd=${CHANNEL_FD}`],
  ...["-device", `virtserialport,chardev=channel,name=${CHANNEL_PORT}`],
];

/** How to boot. */
export interface BootOptions extends MachineOptions {
  /** Seconds until the guest must be up. Default 60. */
  readonly bootTimeout?: number | undefined;
  /** Gets the machine's console as it speaks. */
  readonly console?: Writable | undefined;
  /** Told, in a line, before something that takes its time. */
  readonly note?: ((line: string) => void) | undefined;
  /** Ends the boot. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Boots a machine and gives its guest, which waits for a program to run. A boot that hangs is tried once more.
 *
 * @throws {DocteurError} `BOOT_FAILED`, `BOOT_TIMEOUT` with what the console said last; `ABORTED`; those of
 * `prepareMachine`.
 */
export async function boot(options: BootOptions): Promise<Guest> {
  const note = options.note ?? (() => {});
  const machine = await prepareMachine(options, note);
  for (let attempt = 1; ; attempt++) {
    try {
      return await bootOnce(machine, options, attempt > 1);
    } catch (error) {
      const again = error instanceof DocteurError && error.code === "BOOT_TIMEOUT" && attempt < ATTEMPTS;
      if (!again) throw error;
      note(`${error.message}; trying once more`);
    }
  }
}

async function bootOnce(
  machine: Omit<Machine, "devices">,
  options: BootOptions,
  talkative: boolean,
): Promise<Guest> {
  const kernelArguments = talkative ? ["ignore_loglevel"] : [];
  const args = qemuArguments({ ...machine, kernelArguments, devices: DEVICES });
  const seconds = options.bootTimeout ?? DEFAULT_BOOT_TIMEOUT;
  return Guest.start(new GuardedProcess(findQemu(), args, options.console), {
    what: "the machine",
    seconds,
    signal: options.signal,
  });
}
