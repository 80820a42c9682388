import { closeSync, openSync } from "node:fs";
import type { Writable } from "node:stream";
import { DEVICES } from "../qemu/devices.ts";
import type { BareMachine } from "../qemu/qemu.ts";
import { Qmp } from "../qemu/qmp.ts";
import { type StartedQemu, startQemu } from "../qemu/start.ts";
import { Guest } from "../session/guest.ts";
import type { ReadyOptions } from "../session/wait-until-ready.ts";
import { CONTROL_DEVICES, leaveMemoryAside, readState } from "./migration.ts";
import { memoryPath, statePath, templateMachine } from "./template.ts";

/**
 * Restores a machine from a template, with the image of `machine`. The template stays as it is: the machine
 * writes to a copy of its memory.
 *
 * @throws {DocteurError} those of `waitUntilReady` and of `leaveMemoryAside`.
 */
export async function restoreTemplate(
  machine: BareMachine,
  folder: string,
  options: ReadyOptions,
  consoleStream?: Writable,
): Promise<Guest> {
  const restored = {
    ...templateMachine(machine),
    disks: machine.disks,
    // The kernel is in the memory already. QEMU would read the file all the same, and keep it.
    hasBooted: true,
    memoryFile: { path: memoryPath(folder), share: false },
    devices: [...DEVICES, ...CONTROL_DEVICES, "-incoming", "defer"],
  };
  const state = openSync(statePath(folder), "r");
  let started: StartedQemu;
  try {
    started = startQemu(restored, consoleStream, { control: true, file: state });
  } finally {
    closeSync(state);
  }
  const { process, reads } = started;
  const guestOptions = { ...options, memory: machine.memory, disks: machine.disks, reads };
  return Guest.start(process, guestOptions, async (channel) => {
    const qmp = new Qmp(process.control!);
    // No step waits for the answer to the one before: the guest finds the RESUME frame as soon as it runs.
    const [resumed] = await Promise.all([
      channel.resume(),
      qmp.connect(),
      leaveMemoryAside(qmp),
      readState(qmp),
    ]);
    return resumed;
  });
}
