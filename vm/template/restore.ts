import { closeSync, openSync } from "node:fs";
import type { Writable } from "node:stream";
import { DEVICES } from "../qemu/devices.ts";
import { GuardedProcess } from "../qemu/guarded-process.ts";
import { publish } from "../qemu/network.ts";
import { guestPorts, type Publication } from "../qemu/publication.ts";
import { type BareMachine, findQemu, qemuArguments } from "../qemu/qemu.ts";
import { Qmp } from "../qemu/qmp.ts";
import { Guest } from "../session/guest.ts";
import type { ReadyOptions } from "../session/wait-until-ready.ts";
import { CONTROL_DEVICES, leaveMemoryAside, readState } from "./migration.ts";
import { memoryPath, statePath, templateMachine } from "./template.ts";

/**
 * Gives a guest that goes on where the template's stopped, on the image of `machine`. The template stays as it is: what the
 * guest writes to its memory is its own.
 *
 * @param publications the ports at which the guest is reached; the template has none.
 * @throws {DocteurError} those of `waitUntilReady`, of `leaveMemoryAside` and of `publish`.
 */
export async function restoreTemplate(
  machine: BareMachine,
  folder: string,
  publications: readonly Publication[],
  options: ReadyOptions,
  console?: Writable,
): Promise<Guest> {
  const args = qemuArguments({
    ...templateMachine(machine),
    disks: machine.disks,
    // Its kernel is in its memory; QEMU would read the file all the same, and keep it.
    hasBooted: true,
    memoryFile: { path: memoryPath(folder), share: false },
    devices: [...DEVICES, ...CONTROL_DEVICES, "-incoming", "defer"],
  });
  const state = openSync(statePath(folder), "r");
  let process: GuardedProcess;
  try {
    process = new GuardedProcess(findQemu(), args, console, { control: true, file: state });
  } finally {
    closeSync(state);
  }
  return Guest.start(process, { ...options, memory: machine.memory }, async (channel) => {
    const qmp = new Qmp(process.control!);
    // Nothing waits for the answer to what went before: the guest finds the RESUME frame as soon as it goes on.
    const [resumed] = await Promise.all([
      channel.resume(),
      qmp.connect(),
      leaveMemoryAside(qmp),
      readState(qmp),
    ]);
    if (!resumed) return undefined;
    return guestPorts(publications, await publish(qmp, publications));
  });
}
