import type { Writable } from "node:stream";
import { coldBoot } from "./cold-boot.ts";
import { type ImageDisk, openDisk } from "./image/open-disk.ts";
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
 * @param disk the image, if it is open already. Default: opens it, and closes it when the guest has ended.
 * @throws {DocteurError} `BOOT_FAILED`, `BOOT_TIMEOUT` with the end of the console; `ABORTED`; those of
 * `openDisk` and of `prepareMachine`.
 */
export async function boot(options: BootOptions, disk?: ImageDisk): Promise<Guest> {
  const { signal, console: consoleStream, note = () => {}, detail = () => {} } = options;
  let opened: ImageDisk | undefined;
  const image = async () => {
    opened = disk ?? (await openDisk(options.image, options));
    return opened;
  };
  try {
    const machine = await prepareMachine(options, image, note);
    const seconds = options.bootTimeout ?? DEFAULT_BOOT_TIMEOUT;
    const startOptions = { seconds, signal, consoleStream, note, detail };
    const restored = options.cold ? undefined : await startFromTemplate(machine, startOptions);
    const guest = restored ?? (await coldBoot(machine, startOptions));
    if (disk === undefined && isDisposable(opened)) guest.own(opened);
    return guest;
  } catch (error) {
    if (disk === undefined) await opened?.[Symbol.asyncDispose]?.();
    throw error;
  }
}

function isDisposable(disk: ImageDisk | undefined): disk is ImageDisk & AsyncDisposable {
  return disk?.[Symbol.asyncDispose] !== undefined;
}
