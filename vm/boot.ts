import type { Writable } from "node:stream";
import { DocteurError } from "../reader/errors.ts";
import { type MachineOptions, prepareMachine } from "./prepare.ts";
import { DEVICES } from "./qemu/devices.ts";
import { GuardedProcess } from "./qemu/guarded-process.ts";
import { checkPort, publish } from "./qemu/network.ts";
import { guestPorts, type Publication, parsePublication } from "./qemu/publication.ts";
import { type BareMachine, findQemu, qemuArguments } from "./qemu/qemu.ts";
import { Qmp } from "./qemu/qmp.ts";
import { Guest } from "./session/guest.ts";
import { CONTROL_DEVICES } from "./template/migration.ts";
import { startFromTemplate } from "./template/start.ts";

/** Seconds to the guest's first word. Emulated on a busy host, a boot takes a few; a hanging one takes for ever. */
const DEFAULT_BOOT_TIMEOUT = 60;

const ATTEMPTS = 2;

/** How to boot. */
export interface BootOptions extends MachineOptions {
  /** Seconds until the guest must be up. Default 60. */
  readonly bootTimeout?: number | undefined;
  /** Boots, whether there is a template or not, and leaves none. */
  readonly cold?: boolean | undefined;
  /**
   * Ports at which the machine can be reached, `[ADDRESS:]PORT:GUESTPORT` each; the address is 127.0.0.1 if none is named,
   * port 0 any that is free. Default: the machine has no network.
   */
  readonly publish?: readonly string[] | undefined;
  /** Gets the machine's console as it speaks. */
  readonly console?: Writable | undefined;
  /** Told, in a line, before something that takes its time. */
  readonly note?: ((line: string) => void) | undefined;
  /** Told, in a line, whether a template served, and why not. */
  readonly detail?: ((line: string) => void) | undefined;
  /** Ends the boot. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Gives the guest of a machine, which waits for a program to run: from a template if it can be had, otherwise by booting. A
 * boot that hangs is tried once more.
 *
 * @throws {DocteurError} `BOOT_FAILED`, `BOOT_TIMEOUT` with what the console said last; `ABORTED`; those of
 * `prepareMachine`, `parsePublication` and `publish`.
 */
export async function boot(options: BootOptions): Promise<Guest> {
  const { console, signal, note = () => {}, detail = () => {} } = options;
  const seconds = options.bootTimeout ?? DEFAULT_BOOT_TIMEOUT;
  const publications = (options.publish ?? []).map(parsePublication);
  for (const publication of publications) await checkPort(publication);
  const machine = await prepareMachine({ ...options, network: publications.length > 0 }, note);
  if (options.cold !== true) {
    const guest = await startFromTemplate(machine, publications, { seconds, signal, console, note, detail });
    if (guest !== undefined) return guest;
  }
  for (let attempt = 1; ; attempt++) {
    try {
      return await bootOnce(machine, publications, options, attempt > 1);
    } catch (error) {
      const again = error instanceof DocteurError && error.code === "BOOT_TIMEOUT" && attempt < ATTEMPTS;
      if (!again) throw error;
      note(`${error.message}; trying once more`);
    }
  }
}

async function bootOnce(
  machine: BareMachine,
  publications: readonly Publication[],
  { bootTimeout: seconds = DEFAULT_BOOT_TIMEOUT, signal, console }: BootOptions,
  talkative: boolean,
): Promise<Guest> {
  const kernelArguments = talkative ? ["ignore_loglevel"] : [];
  const control = publications.length > 0;
  const devices = [...DEVICES, ...(control ? CONTROL_DEVICES : [])];
  const process = new GuardedProcess(
    findQemu(),
    qemuArguments({ ...machine, kernelArguments, devices }),
    console,
    { control },
  );
  const options = { what: "the machine", memory: machine.memory, seconds, signal };
  return Guest.start(process, options, async (channel) => {
    if (!(await channel.ready()) || !(await channel.resume())) return undefined;
    if (!control) return [];
    const qmp = new Qmp(process.control!);
    await qmp.connect();
    return guestPorts(publications, await publish(qmp, publications));
  });
}
