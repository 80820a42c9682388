import { rm } from "node:fs/promises";
import type { Writable } from "node:stream";
import { DocteurError } from "../../reader/errors.ts";
import { SourceError } from "../../reader/source-error.ts";
import { makeTemporary, removeCached } from "../cache/cache.ts";
import type { BareMachine } from "../qemu/qemu.ts";
import type { Guest } from "../session/guest.ts";
import { findFailure, recordFailure } from "./negative-cache.ts";
import { restoreTemplate } from "./restore.ts";
import { takeTemplate } from "./take.ts";
import { describe, templateName } from "./template.ts";
import { loadTemplate, saveTemplate } from "./template-store.ts";

/** Seconds for a machine to be restored. It takes a fraction of one, except on a busy host. */
const RESTORE_TIMEOUT = 20;

/** How to start from a template. */
export interface StartOptions {
  /** Seconds for a machine to boot. */
  readonly seconds: number;
  readonly signal?: AbortSignal | undefined;
  readonly consoleStream?: Writable | undefined;
  /** Gets a line of text before each step that takes long. */
  readonly note: (line: string) => void;
  /** Gets a line of text about each decision. */
  readonly detail: (line: string) => void;
  /** Restores a machine. Default: `restoreTemplate`. */
  readonly restore?: typeof restoreTemplate;
}

/**
 * Starts a machine from its template. Where the store has none, it boots the machine, takes the template,
 * starts from that, and saves it while the guest runs; the end of the guest waits for that.
 *
 * @returns undefined if no template serves, in which case `note` or `detail` says why.
 * @throws {DocteurError} `ABORTED` or the signal's reason; the error of a disk that cannot be opened or read,
 * which is no fault of the template. No others.
 */
export async function startFromTemplate(
  machine: BareMachine,
  options: StartOptions,
): Promise<Guest | undefined> {
  const name = templateName(machine);
  const { signal, note, detail } = options;
  let hasFailed = false;
  try {
    const guest = await startFromStore(name, machine, options);
    if (guest !== undefined) return guest;
  } catch (error) {
    if (signal?.aborted || isDiskFault(error)) throw error;
    if (isCallersLimit(error, options) || !isMachineFault(error)) {
      note(`the template does not serve: ${messageOf(error)}; booting`);
      return undefined;
    }
    detail(`${messageOf(error)}; taking a new one`);
    hasFailed = true;
  }
  const reason = await findFailure(name);
  if (reason !== undefined) {
    detail(`no template could be taken lately (${reason}); booting`);
    return undefined;
  }
  try {
    return await startFromNew(name, machine, options, hasFailed);
  } catch (error) {
    if (signal?.aborted || isDiskFault(error)) throw error;
    detail(`no template: ${messageOf(error)}; booting without`);
    if (isMachineFault(error) && !isPassing(error)) {
      await recordFailure(name, messageOf(error)).catch(() => {});
      if (hasFailed) await removeCached(name).catch((cause) => detail(messageOf(cause)));
    }
    return undefined;
  }
}

/** Starts from the template that the store has; undefined if it has none. */
async function startFromStore(
  name: string,
  machine: BareMachine,
  options: StartOptions,
): Promise<Guest | undefined> {
  const folder = loadTemplate(name);
  if (folder === undefined) return undefined;
  const guest = await restoreWithin(machine, folder, options);
  options.detail("started from a template");
  return guest;
}

/** Takes a template and starts from it. */
async function startFromNew(
  name: string,
  machine: BareMachine,
  options: StartOptions,
  replaces: boolean,
): Promise<Guest> {
  const { seconds, signal, consoleStream, note, detail } = options;
  const folder = await makeTemporary();
  try {
    note("booting a machine for the template (once)");
    await takeTemplate(machine, folder, { what: "the machine", seconds, signal }, consoleStream);
    const save = () =>
      saveTemplate(folder, name, describe(machine), replaces).catch(async (error) => {
        detail(`the template could not be saved: ${messageOf(error)}`);
        await rm(folder, { recursive: true, force: true });
      });
    const guest = await restoreWithin(machine, folder, options).catch(async (cause) => {
      if (isDiskFault(cause)) await save();
      if (isDiskFault(cause) || !isMachineFault(cause)) throw cause;
      throw new DocteurError("TEMPLATE_UNSUPPORTED", messageOf(cause), { cause });
    });
    guest.alsoWaitFor(save());
    return guest;
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

function restoreWithin(
  machine: BareMachine,
  folder: string,
  { signal, seconds, consoleStream, restore = restoreTemplate }: StartOptions,
): Promise<Guest> {
  const limits = { what: "the template's machine", seconds: Math.min(seconds, RESTORE_TIMEOUT), signal };
  return restore(machine, folder, limits, consoleStream);
}

/** Whether the caller's own limit was too short to say anything about the template. */
function isCallersLimit(error: unknown, { seconds }: StartOptions): boolean {
  return error instanceof DocteurError && error.code === "BOOT_TIMEOUT" && seconds < RESTORE_TIMEOUT;
}

/** Whether the image is at fault: it cannot be opened or read. */
function isDiskFault(error: unknown): boolean {
  return error instanceof SourceError || (error instanceof DocteurError && error.code === "IMAGE_UNREADABLE");
}

/** Whether the template or QEMU is at fault. An error of another class is a defect of docteur. */
function isMachineFault(error: unknown): error is DocteurError {
  return error instanceof DocteurError;
}

/** Whether the next try may succeed. */
function isPassing({ code }: DocteurError): boolean {
  const passing: DocteurError["code"][] = ["BOOT_TIMEOUT", "CACHE_FULL", "CACHE_UNWRITABLE"];
  return passing.includes(code);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
