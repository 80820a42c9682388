import type { Invocation } from "./arguments.ts";
import type { Option } from "./command.ts";

/** Options of the original's `docteur.make` and `docteur.verify`, which scripts may pass. */
export const originalOptions: readonly Option[] = [
  { name: "verbose", short: "v", description: "For scripts that call the original docteur; has no effect." },
  {
    name: "verbosity",
    value: "LEVEL",
    description:
      "For scripts that call the original docteur: quiet is --quiet; app, error, warning, info and debug have no effect.",
  },
];

/**
 * Whether `--quiet` or the original's `--verbosity=quiet` is given. @throws {UsageError} for an unknown
 * level.
 */
export function isQuiet(invocation: Invocation): boolean {
  const level = invocation.choice("verbosity", ["quiet", "app", "error", "warning", "info", "debug"]);
  return invocation.flag("quiet") || level === "quiet";
}
