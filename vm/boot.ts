import type { Writable } from "node:stream";
import { coldBoot } from "./cold-boot.ts";
import { type MachineOptions, prepareMachine } from "./prepare.ts";
import type { Guest } from "./session/guest.ts";
import { startFromTemplate } from "./template/start.ts";

/** Seconds to the guest's first frame. Emulated on a busy host, a boot takes a few. */
const DEFAULT_BOOT_TIMEOUT = 60;

/** How to boot. */
export interface BootOptions extends MachineOptions {
  /** Seconds for the guest to be ready. Default 60. */
  readonly bootTimeout?: number | undefined;
  /** Boots even if there is a template, and leaves none. Default: starts from a template. */
  readonly cold?: boolean | undefined;
  /** Gets the output of the machine's console. */
  readonly console?: Writable | undefined;
  /** Gets a line of text before each step that takes long. */
  readonly note?: ((line: string) => void) | undefined;
  /** Gets a line of text about each decision: whether the machine starts from a template, and why not. */
  readonly detail?: ((line: string) => void) | undefined;
  /** Ends the boot. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Starts a machine, from a template if possible and otherwise by a cold boot, and returns its guest, ready to
 * run a program.
 *
 * @throws {DocteurError} `BOOT_FAILED`, `BOOT_TIMEOUT` with the end of the console; `ABORTED`; those of
 * `prepareMachine`.
 */
export async function boot(options: BootOptions): Promise<Guest> {
  const { signal, console: consoleStream, note = () => {}, detail = () => {} } = options;
  const machine = await prepareMachine(options, note);
  const seconds = options.bootTimeout ?? DEFAULT_BOOT_TIMEOUT;
  const startOptions = { seconds, signal, consoleStream, note, detail };
  const guest = options.cold ? undefined : await startFromTemplate(machine, startOptions);
  return guest ?? (await coldBoot(machine, startOptions));
}
