import type { Invocation } from "./arguments.ts";

/**
 * The variables that `-e NAME=VALUE` and `-e NAME` give a program; the latter takes its value from `env`, and
 * gives none that is not there. The last of a name counts.
 *
 * @throws {UsageError} for one without a name.
 */
export function environment(invocation: Invocation, env: NodeJS.ProcessEnv): Record<string, string> {
  const variables = new Map<string, string>();
  for (const given of invocation.texts("env")) {
    const [, name, value] = /^([^=]*)(?:=(.*))?$/s.exec(given)!;
    if (name === "") throw invocation.misuse(`--env takes NAME=VALUE or NAME, not '${given}'`);
    const taken = value ?? env[name!];
    if (taken !== undefined) variables.set(name!, taken);
  }
  return Object.fromEntries(variables);
}
