import type { Writable } from "node:stream";
import type { DocteurError } from "../../reader/errors.ts";
import type { DiskReads } from "./disk.ts";
import { type ChildOptions, GuardedProcess } from "./guarded-process.ts";
import { diskArguments, findQemu, type Machine, NO_DISK, qemuArguments } from "./qemu.ts";

/** A QEMU that was started. */
export interface StartedQemu {
  readonly process: GuardedProcess;
  /** What it reads of a disk that this process serves, if there is one. */
  readonly reads: DiskReads | undefined;
}

/** Starts QEMU with a machine, and serves its disk, if it reads one from this process. */
export function startQemu(
  machine: Machine,
  consoleStream: Writable | undefined,
  options: Omit<ChildOptions, "disk"> = {},
): StartedQemu {
  const served = machine.disks.find((disk) => disk !== NO_DISK && disk.serve !== undefined);
  const childOptions = { ...options, disk: served !== undefined };
  const process = new GuardedProcess(findQemu(), qemuArguments(machine), consoleStream, childOptions);
  const reads = served === undefined || served === NO_DISK ? undefined : served.serve?.(process.disk!);
  return { process, reads };
}

/**
 * The error for a disk that QEMU could not open or not attach, if its console says so: QEMU repeats the
 * argument, and then says why.
 *
 * @param lines of the console.
 */
export function diskFault(
  { disks }: Pick<Machine, "disks">,
  lines: readonly string[],
): DocteurError | undefined {
  for (const [index, disk] of disks.entries()) {
    if (disk === NO_DISK) continue;
    const [, blockdev, , device] = diskArguments(disk, index);
    for (const argument of [`: -blockdev ${blockdev}: `, `: -device ${device}: `]) {
      const line = lines.find((each) => each.includes(argument));
      if (line !== undefined) return disk.unreadable(line.slice(line.indexOf(argument) + argument.length));
    }
  }
  return undefined;
}
