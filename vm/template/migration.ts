import { DocteurError } from "../../guest/errors.ts";
import { CONTROL_FD } from "../guarded-process.ts";
import type { Qmp } from "../qmp.ts";

/** The arguments that let this process, and nobody else, control QEMU. */
export const CONTROL_DEVICES = [
  ...["-chardev", `socket,id=control,fd=${CONTROL_FD}`],
  ...["-mon", "chardev=control,mode=control"],
];

/** Leaves memory that lies in a shared file where it is. Experimental in QEMU 7.2 to 10, which the name tells. */
const IGNORE_SHARED = ["x-ignore-shared", "ignore-shared"];

/**
 * Prepares QEMU to write or read a machine's state without its memory.
 * @throws {DocteurError} `TEMPLATE_UNSUPPORTED`; those of `Qmp.execute`.
 */
export async function leaveMemoryAside(qmp: Qmp): Promise<void> {
  // Whichever QEMU knows: to ask for that first would take a start from a template longer.
  const attempts = await Promise.allSettled(IGNORE_SHARED.map((name) => setCapability(qmp, name)));
  if (attempts.some(({ status }) => status === "fulfilled")) return;
  const [{ reason }] = attempts as [PromiseRejectedResult];
  if (reason.code !== "QEMU_REFUSES") throw reason;
  throw new DocteurError("TEMPLATE_UNSUPPORTED", "this QEMU cannot leave a machine's memory where it is");
}

/** Switches one of the ways on in which QEMU passes a machine's state on. */
export async function setCapability(qmp: Qmp, capability: string): Promise<void> {
  await qmp.execute("migrate-set-capabilities", { capabilities: [{ capability, state: true }] });
}

/**
 * Waits until QEMU has written all of the state, which the capability `events` has it tell.
 * @throws {DocteurError} `MIGRATION_FAILED`; those of `Qmp.execute`.
 */
export async function migrated(qmp: Qmp): Promise<void> {
  for (;;) {
    const { status } = (await qmp.event("MIGRATION")) as { status: string };
    if (status === "completed") return;
    if (status === "failed" || status === "cancelled") {
      throw new DocteurError("MIGRATION_FAILED", `QEMU could not write the machine's state: ${status}`);
    }
  }
}
