import { rm } from "node:fs/promises";
import { makeTemporary } from "../cache/cache.ts";
import { prepareSystem, type SystemOptions } from "../prepare.ts";
import { forget } from "./known-failure.ts";
import { find, shelve } from "./shelf.ts";
import { takeTemplate } from "./take.ts";
import { describe, templateName } from "./template.ts";

/** Seconds for the machine to boot. */
const BOOT_TIMEOUT = 60;

/** Which template, and how to make it. */
export interface WarmOptions extends SystemOptions {
  /** Told, in a line, before something that takes its time. */
  readonly note?: (line: string) => void;
  readonly signal?: AbortSignal;
}

/**
 * Makes the template that a run with the same options starts from, if it is not there.
 *
 * @throws {DocteurError} those of `prepareSystem`, `takeTemplate` and `shelve`.
 */
export async function warmTemplate(options: WarmOptions): Promise<void> {
  const { note = () => {}, signal } = options;
  const machine = await prepareSystem(options, note);
  const name = templateName(machine);
  await forget();
  let isDamaged = false;
  try {
    if (find(name) !== undefined) return note(`${name} is there`);
  } catch (error) {
    note(`${(error as Error).message}; taking it anew`);
    isDamaged = true;
  }
  note(`taking ${name}`);
  const folder = await makeTemporary();
  try {
    await takeTemplate(machine, folder, { what: "the machine", seconds: BOOT_TIMEOUT, signal });
    await shelve(folder, name, describe(machine), isDamaged);
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}
