import { setTimeout } from "node:timers/promises";
import { DocteurError } from "../../reader/errors.ts";
import { CONTROL_FD, FILE_FD } from "../qemu/guarded-process.ts";
import type { Qmp } from "../qemu/qmp.ts";
import { shellQuote } from "../qemu/shell-quote.ts";

/** QEMU's arguments for a control channel to this process alone. */
export const CONTROL_DEVICES = [
  ...["-chardev", `socket,id=control,fd=${CONTROL_FD}`],
  ...["-qmp", "chardev:control"],
];

/** Leaves memory in a shared file where it is. The `x-` marks it as experimental in QEMU 7.2 to 11. */
const IGNORE_SHARED = ["x-ignore-shared", "ignore-shared"];

/** The file at `FILE_FD`, as QEMU from 8.2 on can name it. */
const FILE = `file:/proc/self/fd/${FILE_FD}`;

/** Milliseconds between two queries of the progress. A write takes about 30. */
const POLL_MS = 10;

/** The result of `query-migrate` (QEMU, qapi/migration.json). */
interface MigrationInfo {
  readonly status?: string;
  readonly "error-desc"?: string;
}

/**
 * Sets QEMU to write or read a machine's state without its memory.
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
    // QEMU 7.2 knows only the second way, QEMU 11 only the first.
    [FILE, `fd:${FILE_FD}`].map((uri) => qmp.execute("migrate-incoming", { uri })),
    "read a machine's state from a file",
  );
}

/**
 * Has QEMU write a machine's state to the file at `FILE_FD`, and waits until it has.
 *
 * @param path the same file. QEMU before 8.2 writes to a file only through a program, which it must be
 * allowed to start.
 * @throws {DocteurError} `TEMPLATE_UNSUPPORTED`, `MIGRATION_FAILED`; those of `Qmp.execute`.
 */
export async function writeState(qmp: Qmp, path: string): Promise<void> {
  const refusals: unknown[] = [];
  for (const uri of [FILE, `exec:cat > ${shellQuote(path)}`]) {
    // One after the other: QEMU may be done with the first way when the second arrives, and would write
    // again.
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

/** Tries several ways at once: a query of what QEMU knows would make each start longer. */
async function anyOf(attempts: readonly Promise<unknown>[], what: string): Promise<void> {
  const outcomes = await Promise.allSettled(attempts);
  if (outcomes.some(({ status }) => status === "fulfilled")) return;
  throw unsupported(
    what,
    outcomes.map((outcome) => (outcome as PromiseRejectedResult).reason),
  );
}

/** The error for a step that QEMU refuses in every way; of other failures, the first. */
function unsupported(what: string, reasons: readonly unknown[]): unknown {
  const other = reasons.find((reason) => !(reason instanceof DocteurError && reason.code === "QEMU_REFUSES"));
  if (other !== undefined) return other;
  const messages = reasons.map((reason) => (reason as Error).message);
  return new DocteurError("TEMPLATE_UNSUPPORTED", `this QEMU cannot ${what}: ${messages.join("; ")}`);
}
