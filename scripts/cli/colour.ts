import type { Invocation } from "./arguments.ts";
import type { Option } from "./command.ts";

export const COLOUR_CHOICES = ["auto", "always", "never"] as const;

export const colourOption: Option = {
  name: "color",
  value: "WHEN",
  description:
    "Print colours to standard output: always, never, or auto: on a terminal, unless NO_COLOR is set or TERM is dumb. Default: auto.",
};

/** Whether an invocation, the stream and the environment ask for colours (https://no-color.org). */
export function wantsColour(
  invocation: Invocation,
  stream: NodeJS.WriteStream,
  env: NodeJS.ProcessEnv,
): boolean {
  const when = invocation.choice("color", COLOUR_CHOICES) ?? "auto";
  return when === "always" || (when === "auto" && isTerminal(stream, env) && (env.NO_COLOR ?? "") === "");
}

/** Whether a person looks at the stream, on a terminal that understands control sequences. */
export function isTerminal(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): boolean {
  return stream.isTTY === true && env.TERM !== "dumb";
}
