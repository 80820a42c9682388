import type { Invocation } from "./arguments.ts";
import type { Option } from "./command.ts";

/** Options that the original's `docteur.make` and `docteur.verify` take, and scripts may therefore pass. */
export const originalOptions: readonly Option[] = [
  { name: "verbose", short: "v", description: "Taken for the original's sake; changes nothing." },
  {
    name: "verbosity",
    value: "LEVEL",
    description:
      "Taken for the original's sake: quiet is --quiet; app, error, warning, info and debug change nothing.",
  },
];

/** `--quiet`, or the original's other way to say so. @throws {UsageError} for a level that is none. */
export function isQuiet(invocation: Invocation): boolean {
  const level = invocation.choice("verbosity", ["quiet", "app", "error", "warning", "info", "debug"]);
  return invocation.flag("quiet") || level === "quiet";
}
