import type { Command } from "../cli/command.ts";
import { COMMAND_NAMES, loadCommand } from "./load.ts";

/** Every subcommand, in the order in which a newcomer meets them. */
export const commands: readonly Command[] = await Promise.all(
  COMMAND_NAMES.map(async (name) => (await loadCommand(name))!),
);
