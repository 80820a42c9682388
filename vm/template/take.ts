import { statfs } from "node:fs/promises";
import type { Writable } from "node:stream";
import { DocteurError } from "../../guest/errors.ts";
import type { ComeUpOptions } from "../come-up.ts";
import { comeUp } from "../come-up.ts";
import { Conversation } from "../conversation.ts";
import { DEVICES } from "../devices.ts";
import { GuardedProcess } from "../guarded-process.ts";
import { type BareMachine, findQemu, qemuArguments } from "../qemu.ts";
import { Qmp } from "../qmp.ts";
import { shellQuote } from "../shell-quote.ts";
import { CONTROL_DEVICES, leaveMemoryAside, migrated, setCapability } from "./migration.ts";
import { memoryPath, statePath, templateMachine } from "./template.ts";

/**
 * Boots a machine without an image up to where it waits to be woken, and leaves it in a folder.
 *
 * @throws {DocteurError} `CACHE_FULL`; those of `comeUp` and of `migrated`.
 */
export async function takeTemplate(
  machine: BareMachine,
  folder: string,
  options: ComeUpOptions,
  console?: Writable,
): Promise<void> {
  await requireSpace(folder, machine.memory);
  const args = qemuArguments({
    ...templateMachine(machine),
    memoryFile: { path: memoryPath(folder), share: true },
    // QEMU before 8.2 writes the state to a file through a program only; nothing of anybody's is in this machine.
    maySpawn: true,
    devices: [...DEVICES, ...CONTROL_DEVICES],
  });
  const process = new GuardedProcess(findQemu(), args, console, { control: true });
  const conversation = new Conversation(process.channel);
  await comeUp(process, options, async () => {
    const qmp = new Qmp(process.control!);
    await qmp.connect();
    await leaveMemoryAside(qmp);
    await setCapability(qmp, "events");
    if (!(await conversation.ready())) return false;
    await qmp.execute("migrate", { uri: `exec:cat > ${shellQuote(statePath(folder))}` });
    await migrated(qmp);
    return true;
  });
  await process.kill();
}

/** QEMU would be killed (SIGBUS) when the disk is full in the middle. */
async function requireSpace(folder: string, memory: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize < memory * 1024 * 1024) {
    throw new DocteurError("CACHE_FULL", `less than ${memory} MiB are free for the template`);
  }
}
