import { setTimeout } from "node:timers/promises";
import { DocteurError } from "../../reader/errors.ts";
import { CONTROL_FD, FILE_FD } from "../qemu/guarded-process.ts";
import type { Qmp } from "../qemu/qmp.ts";
import { shellQuote } from "../qemu/shell-quote.ts";

/** The arguments that let this process, and nobody else, control QEMU. */
export const CONTROL_DEVICES = [
  ...["-chardev", `socket,id=control,fd=${CONTROL_FD}`],
  ...["-qmp", "chardev:control"],
];

/** Leaves memory that lies in a shared file where it is. Experimental in QEMU 7.2 to 11, which the name tells. */
const IGNORE_SHARED = ["x-ignore-shared", "ignore-shared"];

/** The file at `FILE_FD`, as a file: known to QEMU from 8.2 on. */
const FILE = `file:/proc/self/fd/${FILE_FD}`;

/** How often QEMU is asked whether it has written all, in milliseconds. It takes some 30. */
const POLL_MS = 10;

/** What `query-migrate` tells (QEMU, qapi/migration.json). */
interface MigrationInfo {
  readonly status?: string;
  readonly "error-desc"?: string;
}

/**
 * Prepares QEMU to write or read a machine's state without its memory.
 * @throws {DocteurError} `TEMPLATE_UNSUPPORTED`; those of `Qmp.execute`.
 */
export function leaveMemoryAside(qmp: Qmp): Promise<void> {
  return anyOf(
    IGNORE_SHARED.map((capability) =>
      qmp.execute("migrate-set-capabilities", { capabilities: [{ capability, state: true }] }),
    ),
    "leave a machine's memory where it is",
  );
}

/**
 * Has QEMU read a machine's state from the file at `FILE_FD`.
 * @throws {DocteurError} `TEMPLATE_UNSUPPORTED`; those of `Qmp.execute`.
 */
export function readState(qmp: Qmp): Promise<void> {
  // QEMU refuses the second way once the first has begun.
  return anyOf(
    // The second way is QEMU 7.2's only one; QEMU 11 has the first alone.
    [FILE, `fd:${FILE_FD}`].map((uri) => qmp.execute("migrate-incoming", { uri })),
    "read a machine's state from a file",
  );
}

/**
 * Has QEMU write a machine's state to the file at `FILE_FD`, and waits until all is written.
 *
 * @param path the same file. QEMU before 8.2 writes to a file through a program only, and so must be allowed to start one.
 * @throws {DocteurError} `TEMPLATE_UNSUPPORTED`, `MIGRATION_FAILED`; those of `Qmp.execute`.
 */
export async function writeState(qmp: Qmp, path: string): Promise<void> {
  const refusals: unknown[] = [];
  for (const uri of [FILE, `exec:cat > ${shellQuote(path)}`]) {
    // Not all at once: QEMU may have written everything when the second way arrives, and would write again.
    const refusal = await qmp.execute("migrate", { uri }).then(
      () => undefined,
      (error) => error,
    );
    if (refusal === undefined) return written(qmp);
    refusals.push(refusal);
  }
  throw unsupported("write a machine's state to a file", refusals);
}

async function written(qmp: Qmp): Promise<void> {
  for (;;) {
    const { status, "error-desc": reason } = (await qmp.execute("query-migrate")) as MigrationInfo;
    if (status === "completed") return;
    if (status === "failed" || status === "cancelled") {
      throw new DocteurError(
        "MIGRATION_FAILED",
        `QEMU cannot write the machine's state: ${reason ?? status}`,
      );
    }
    await setTimeout(POLL_MS);
  }
}

/** Tries several ways at once, since to ask first which of them QEMU knows would make each start longer. */
async function anyOf(attempts: readonly Promise<unknown>[], what: string): Promise<void> {
  const outcomes = await Promise.allSettled(attempts);
  if (outcomes.some(({ status }) => status === "fulfilled")) return;
  throw unsupported(
    what,
    outcomes.map((outcome) => (outcome as PromiseRejectedResult).reason),
  );
}

/** What QEMU refuses in every way; another kind of failure stays what it is. */
function unsupported(what: string, reasons: readonly unknown[]): unknown {
  const other = reasons.find((reason) => !(reason instanceof DocteurError && reason.code === "QEMU_REFUSES"));
  if (other !== undefined) return other;
  const messages = reasons.map((reason) => (reason as Error).message);
  return new DocteurError("TEMPLATE_UNSUPPORTED", `this QEMU cannot ${what}: ${messages.join("; ")}`);
}
