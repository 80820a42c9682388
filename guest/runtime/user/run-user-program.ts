import { inspect } from "node:util";
import type { RunRequest } from "../../protocol/request.ts";
import type { UserProgram } from "../../protocol/user-program.ts";
import type { Unikernel } from "../../unikernel.ts";
import { call, oneLine, type RunContext } from "../run.ts";
import { load } from "./load.ts";
import { emitExit } from "./process-shim.ts";

/**
 * Runs a program of the user's own and returns its exit status. An error that it throws goes to the output,
 * with its stack.
 *
 * @param url the URL of its module.
 */
export async function runUserProgram(
  { code }: UserProgram,
  url: string,
  request: RunRequest,
  context: RunContext,
): Promise<number> {
  try {
    const program = findProgram(await load(Buffer.from(code).toString(), url));
    if (program === undefined) {
      context.output.error(
        `${request.program}: exports no function as its default, which is needed: export default ({ console }) => { ... }\n`,
      );
      return 1;
    }
    const status = await call(program, request, context);
    if (status !== undefined) process.exitCode = status;
    return emitExit();
  } catch (error) {
    context.output.error(describeError(request.program, error));
    return 1;
  }
}

/** Formats an error as Node does: the stack, further properties, causes. */
export function describeError(program: string, error: unknown): string {
  if (!(error instanceof Error)) return `${program}: thrown: ${inspect(error)}\n`;
  // A stack without a line of the program's own says nothing to its author.
  if (!String(error.stack).includes("\n    at ")) return `${program}: ${oneLine(error)}\n`;
  return `${inspect(error)}\n`;
}

/** A CommonJS module that was compiled from ECMAScript has its default export one level deeper. */
function findProgram({ default: exported }: Record<string, unknown>): Unikernel | undefined {
  const inner = (exported as { default?: unknown } | null | undefined)?.default;
  return [exported, inner].find((each) => typeof each === "function") as Unikernel | undefined;
}
