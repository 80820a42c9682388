import { DocteurError } from "../../guest/errors.ts";
import { CONTROL_FD } from "../guarded-process.ts";
import type { Qmp } from "../qmp.ts";

/** The arguments that let this process, and nobody else, control QEMU. */
export const CONTROL_DEVICES = [
  ...["-chardev", `socket,id=control,fd=${CONTROL_FD}`],
  ...["-mon", "chardev=control,mode=control"],
];

/** Leaves memory that lies in a shared file where it is. Experimental in QEMU 7.2 to 10, which the name tells. */
const IGNORE_SHARED = /^(x-)?ignore-shared$/;

/**
 * Prepares QEMU to write or read a machine's state without its memory.
 * @throws {DocteurError} `TEMPLATE_UNSUPPORTED`; those of `Qmp.execute`.
 */
export async function leaveMemoryAside(qmp: Qmp): Promise<void> {
  const known = (await qmp.execute("query-migrate-capabilities")) as { capability: string }[];
  const ignoreShared = known.find(({ capability }) => IGNORE_SHARED.test(capability))?.capability;
  if (ignoreShared === undefined) {
    throw new DocteurError("TEMPLATE_UNSUPPORTED", "this QEMU cannot leave a machine's memory where it is");
  }
  const capabilities = [ignoreShared, "events"].map((capability) => ({ capability, state: true }));
  await qmp.execute("migrate-set-capabilities", { capabilities });
}

/**
 * Waits until QEMU has written or read all of the state.
 * @throws {DocteurError} `MIGRATION_FAILED`; those of `Qmp.execute`.
 */
export async function migrated(qmp: Qmp): Promise<void> {
  for (;;) {
    const { status } = (await qmp.event("MIGRATION")) as { status: string };
    if (status === "completed") return;
    if (status === "failed" || status === "cancelled") {
      throw new DocteurError("MIGRATION_FAILED", `QEMU could not pass the machine's state on: ${status}`);
    }
  }
}
