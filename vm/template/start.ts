import { rm } from "node:fs/promises";
import type { Writable } from "node:stream";
import { DocteurError } from "../../reader/errors.ts";
import { makeTemporary, removeCached } from "../cache/cache.ts";
import { isPortError } from "../qemu/network.ts";
import type { Publication } from "../qemu/publication.ts";
import type { BareMachine } from "../qemu/qemu.ts";
import type { Guest } from "../session/guest.ts";
import { reasonAgainst, remember } from "./known-failure.ts";
import { restoreTemplate } from "./restore.ts";
import { find, shelve } from "./shelf.ts";
import { takeTemplate } from "./take.ts";
import { describe, templateName } from "./template.ts";

/** Seconds for a machine to be restored; it takes a fraction of one, except on a host that has much else to do. */
const RESTORE_TIMEOUT = 20;

/** How to start from a template. */
export interface StartOptions {
  /** Seconds until a machine that boots must be up. */
  readonly seconds: number;
  readonly signal?: AbortSignal | undefined;
  readonly console?: Writable | undefined;
  /** Told before something that takes its time. */
  readonly note: (line: string) => void;
  /** Told which way was taken, and why. */
  readonly detail: (line: string) => void;
}

/**
 * Gives a guest from the machine's template. Where there is none yet, this is the first run: it boots the machine, leaves the
 * template and goes on from it; that it is safely on the disk is waited for after the guest has done its work.
 *
 * @param publications the ports at which the guest is reached.
 * @returns undefined if that is not to be had here; `detail` was told what went wrong.
 * @throws {DocteurError} `ABORTED`, or the signal's reason; those of `publish`; and nothing else.
 */
export async function startFromTemplate(
  machine: BareMachine,
  publications: readonly Publication[],
  options: StartOptions,
): Promise<Guest | undefined> {
  const name = templateName(machine);
  const { signal, note, detail } = options;
  let hasFailed = false;
  try {
    const guest = await fromShelf(name, machine, publications, options);
    if (guest !== undefined) return guest;
  } catch (error) {
    if (signal?.aborted || isPortError(error)) throw error;
    if (wasHurried(error, options) || !isMachineFault(error)) {
      note(`the template does not serve: ${messageOf(error)}; booting`);
      return undefined;
    }
    detail(`${messageOf(error)}; taking it anew`);
    hasFailed = true;
  }
  const reason = await reasonAgainst(name);
  if (reason !== undefined) {
    detail(`no template could be taken lately (${reason}); booting`);
    return undefined;
  }
  try {
    return await fresh(name, machine, publications, options, hasFailed);
  } catch (error) {
    if (signal?.aborted || isPortError(error)) throw error;
    detail(`no template: ${messageOf(error)}; booting without`);
    if (isMachineFault(error) && !isPassing(error)) {
      await remember(name, messageOf(error)).catch(() => {});
      if (hasFailed) await removeCached(name).catch((cause) => detail(messageOf(cause)));
    }
    return undefined;
  }
}

async function fromShelf(
  name: string,
  machine: BareMachine,
  publications: readonly Publication[],
  options: StartOptions,
) {
  const folder = find(name);
  if (folder === undefined) return undefined;
  const guest = await restore(machine, folder, publications, options);
  options.detail("started from a template");
  return guest;
}

function restore(
  machine: BareMachine,
  folder: string,
  publications: readonly Publication[],
  { signal, seconds, console }: StartOptions,
) {
  const limit = Math.min(seconds, RESTORE_TIMEOUT);
  return restoreTemplate(
    machine,
    folder,
    publications,
    { what: "the template's machine", seconds: limit, signal },
    console,
  );
}

async function fresh(
  name: string,
  machine: BareMachine,
  publications: readonly Publication[],
  options: StartOptions,
  replaces: boolean,
): Promise<Guest> {
  const { seconds, signal, console, note, detail } = options;
  const folder = await makeTemporary();
  try {
    note("booting a machine for the template (once)");
    await takeTemplate(machine, folder, { what: "the machine", seconds, signal }, console);
    const guest = await restore(machine, folder, publications, options).catch((cause) => {
      if (isPortError(cause) || !isMachineFault(cause)) throw cause;
      throw new DocteurError("TEMPLATE_UNSUPPORTED", messageOf(cause), { cause });
    });
    guest.alsoWaitFor(
      shelve(folder, name, describe(machine), replaces).catch(async (error) => {
        detail(`the template could not be kept: ${messageOf(error)}`);
        await rm(folder, { recursive: true, force: true });
      }),
    );
    return guest;
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

/** Whether the caller's limit says nothing about the template. */
function wasHurried(error: unknown, { seconds }: StartOptions): boolean {
  return error instanceof DocteurError && error.code === "BOOT_TIMEOUT" && seconds < RESTORE_TIMEOUT;
}

/** Whether the template or QEMU is at fault, rather than this program or what it runs on: an error of another class. */
function isMachineFault(error: unknown): error is DocteurError {
  return error instanceof DocteurError;
}

/** Whether it may well go better the next time. */
function isPassing({ code }: DocteurError): boolean {
  return ["BOOT_TIMEOUT", "CACHE_FULL", "CACHE_UNWRITABLE"].includes(code);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
