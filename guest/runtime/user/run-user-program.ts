import { inspect } from "node:util";
import type { RunRequest } from "../../protocol/request.ts";
import type { UserProgram } from "../../protocol/user-program.ts";
import type { Unikernel } from "../../unikernel.ts";
import { call, oneLine, type Surroundings } from "../run.ts";
import { load } from "./load.ts";
import { leave } from "./process-face.ts";

/**
 * Runs a program of the user's own to its end and gives its exit status. Whatever it throws is told with its stack.
 *
 * @param url what its module is called.
 */
export async function runUserProgram(
  { code }: UserProgram,
  url: string,
  request: RunRequest,
  surroundings: Surroundings,
): Promise<number> {
  try {
    const program = find(await load(Buffer.from(code).toString(), url));
    if (program === undefined) {
      surroundings.console.error(
        `${request.program}: exports no function as its default, as in: export default ({ console }) => { ... }\n`,
      );
      return 1;
    }
    const status = await call(program, request, surroundings);
    if (status !== undefined) process.exitCode = status;
    return leave();
  } catch (error) {
    surroundings.console.error(describeError(request.program, error));
    return 1;
  }
}

/** What was thrown, as Node shows it: the stack, further properties, causes. */
export function describeError(program: string, error: unknown): string {
  if (!(error instanceof Error)) return `${program}: thrown: ${inspect(error)}\n`;
  // What no line of the program's had a part in needs no stack.
  if (!String(error.stack).includes("\n    at ")) return `${program}: ${oneLine(error)}\n`;
  return `${inspect(error)}\n`;
}

/** A module of CommonJS that was compiled from ECMAScript has its default export within. */
function find({ default: exported }: Record<string, unknown>): Unikernel | undefined {
  const inner = (exported as { default?: unknown } | null | undefined)?.default;
  return [exported, inner].find((each) => typeof each === "function") as Unikernel | undefined;
}
