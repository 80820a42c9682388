import { rm } from "node:fs/promises";
import { makeTemporary } from "../cache/cache.ts";
import { prepareSystem, type SystemOptions } from "../prepare.ts";
import { clearFailure } from "./negative-cache.ts";
import { takeTemplate } from "./take.ts";
import { describe, templateName } from "./template.ts";
import { loadTemplate, saveTemplate } from "./template-store.ts";

/** Seconds for the machine to boot. */
const BOOT_TIMEOUT = 60;

/** Which template, and how to make it. */
export interface WarmOptions extends SystemOptions {
  /** Gets a line of text before each step that takes long. */
  readonly note?: (line: string) => void;
  /** Ends the boot. */
  readonly signal?: AbortSignal;
}

/**
 * Makes the template that a run with the same options starts from, unless the store has it.
 *
 * @throws {DocteurError} those of `prepareSystem`, `takeTemplate` and `saveTemplate`.
 */
export async function warmTemplate(options: WarmOptions): Promise<void> {
  const { note = () => {}, signal } = options;
  const machine = await prepareSystem(options, note);
  const name = templateName(machine);
  await clearFailure();
  let isDamaged = false;
  try {
    if (loadTemplate(name) !== undefined) return note(`${name} exists`);
  } catch (error) {
    note(`${(error as Error).message}; taking a new one`);
    isDamaged = true;
  }
  note(`taking ${name}`);
  const folder = await makeTemporary();
  try {
    await takeTemplate(machine, folder, { what: "the machine", seconds: BOOT_TIMEOUT, signal });
    await saveTemplate(folder, name, describe(machine), isDamaged);
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}
