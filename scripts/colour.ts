import { styleText } from "node:util";
import type { Invocation } from "./arguments.ts";
import type { Option } from "./command.ts";

export const colourOption: Option = {
  name: "color",
  value: "WHEN",
  description:
    "Colours on standard output: always, never, or auto, which is on a terminal unless NO_COLOR is set or TERM is dumb. Default: auto.",
};

/** Paints text, or leaves it as it is. */
export type Paint = (colour: "blue" | "yellow" | "green" | "red", text: string) => string;

/** The painter that an invocation, the stream and the environment ask for (https://no-color.org). */
export function painter(invocation: Invocation, stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): Paint {
  const when = invocation.choice("color", ["auto", "always", "never"]) ?? "auto";
  const wanted = isTerminal(stream, env) && (env.NO_COLOR ?? "") === "";
  if (when === "never" || (when === "auto" && !wanted)) return (_colour, text) => text;
  return (colour, text) => styleText(colour, text, { validateStream: false });
}

/** Whether a person looks at the stream, on a terminal that understands control sequences. */
export function isTerminal(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): boolean {
  return stream.isTTY === true && env.TERM !== "dumb";
}
