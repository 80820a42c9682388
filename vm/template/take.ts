import { closeSync, openSync } from "node:fs";
import { statfs } from "node:fs/promises";
import type { Writable } from "node:stream";
import { DocteurError } from "../../reader/errors.ts";
import { DEVICES } from "../qemu/devices.ts";
import { GuardedProcess } from "../qemu/guarded-process.ts";
import { type BareMachine, findQemu, qemuArguments } from "../qemu/qemu.ts";
import { Qmp } from "../qemu/qmp.ts";
import { HostChannel } from "../session/host-channel.ts";
import type { ReadyOptions } from "../session/wait-until-ready.ts";
import { waitUntilReady } from "../session/wait-until-ready.ts";
import { CONTROL_DEVICES, leaveMemoryAside, writeState } from "./migration.ts";
import { memoryPath, statePath, templateMachine } from "./template.ts";

/**
 * Takes a template: boots a machine without an image until it is ready, and writes its memory and its state
 * to a folder.
 *
 * @throws {DocteurError} `CACHE_FULL`; those of `waitUntilReady`, of `leaveMemoryAside` and of `writeState`.
 */
export async function takeTemplate(
  machine: BareMachine,
  folder: string,
  options: ReadyOptions,
  consoleStream?: Writable,
): Promise<void> {
  await requireSpace(folder, machine.memory);
  const args = qemuArguments({
    ...templateMachine(machine),
    memoryFile: { path: memoryPath(folder), share: true },
    // Some QEMUs write the state through a program. This machine has no image and runs no program of a user.
    maySpawn: true,
    devices: [...DEVICES, ...CONTROL_DEVICES],
  });
  const state = openSync(statePath(folder), "w", 0o600);
  let process: GuardedProcess;
  try {
    process = new GuardedProcess(findQemu(), args, consoleStream, { control: true, file: state });
  } finally {
    closeSync(state);
  }
  const channel = new HostChannel(process.channel);
  await waitUntilReady(process, options, async () => {
    const qmp = new Qmp(process.control!);
    await qmp.connect();
    await leaveMemoryAside(qmp);
    if (!(await channel.ready())) return false;
    await writeState(qmp, statePath(folder));
    return true;
  });
  await process.kill();
}

/** When the disk fills up later, the kernel kills QEMU (SIGBUS). */
async function requireSpace(folder: string, memory: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize < memory * 1024 * 1024) {
    throw new DocteurError("CACHE_FULL", `a template needs ${memory} MiB, and the cache has less space left`);
  }
}
