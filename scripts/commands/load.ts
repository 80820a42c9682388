import type { Command } from "../cli/command.ts";

/**
 * What loads each subcommand, by its name: a command that takes a few milliseconds itself does not wait for
 * the manuals of the others.
 */
const LOADERS: Readonly<Record<string, () => Promise<Command>>> = {
  make: async () => (await import("./make.ts")).make,
  verify: async () => (await import("./verify.ts")).verify,
  run: async () => (await import("./run.ts")).run,
  export: async () => (await import("./export.ts")).exportCommand,
  inspect: async () => (await import("./inspect.ts")).inspect,
  push: async () => (await import("./push.ts")).push,
  pull: async () => (await import("./pull.ts")).pull,
  init: async () => (await import("./init.ts")).init,
  template: async () => (await import("./template.ts")).template,
  cache: async () => (await import("./cache.ts")).cache,
  doctor: async () => (await import("./doctor.ts")).doctor,
};

/** The names of all subcommands, in the order in which a newcomer meets them. */
export const COMMAND_NAMES: readonly string[] = Object.keys(LOADERS);

/** The subcommand of a name; undefined if there is none. */
export async function loadCommand(name: string): Promise<Command | undefined> {
  return Object.hasOwn(LOADERS, name) ? await LOADERS[name]!() : undefined;
}
