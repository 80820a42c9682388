import { DocteurError } from "../../reader/errors.ts";
import { printable } from "../../reader/printable.ts";
import { UsageError } from "./usage-error.ts";

/** The exit statuses of a command. `run` ends with its program's own status instead, 0 to 255. */
export const ExitStatus = {
  success: 0,
  failure: 1,
  usage: 2,
} as const;

/** The exit status that stands for an error. */
export function statusOf(error: unknown): number {
  return error instanceof UsageError ? ExitStatus.usage : ExitStatus.failure;
}

/**
 * One line for an error; with `DOCTEUR_DEBUG` in the environment, also the stacks of the error and of its
 * causes.
 */
export function describeFailure(error: unknown, env: NodeJS.ProcessEnv): string {
  const debug = (env.DOCTEUR_DEBUG ?? "") !== "";
  const line = `docteur: ${summary(error, debug)}\n`;
  return debug ? `${line}${stacks(error)}` : line;
}

function summary(error: unknown, debug: boolean): string {
  if (!(error instanceof Error)) return `unexpected error: ${oneLine(String(error))}`;
  if (error instanceof DocteurError || isSystemError(error)) return oneLine(error.message);
  const more = debug ? "" : " (a defect in docteur; DOCTEUR_DEBUG=1 shows where)";
  return `unexpected error: ${oneLine(error.message)}${more}`;
}

/** An operating system call that failed, as Node reports it: the machine's doing, not a defect. */
function isSystemError(error: Error): boolean {
  return "syscall" in error && "code" in error;
}

function oneLine(message: string): string {
  return printable(message.trim().replace(/\s*[\r\n]+\s*/g, " "));
}

function stacks(error: unknown): string {
  const lines: string[] = [];
  const seen = new Set<unknown>(); // a chain of causes may be a ring
  for (let each = error; each instanceof Error && !seen.has(each); each = each.cause) {
    seen.add(each);
    lines.push(each.stack ?? each.message);
  }
  return lines.map((stack) => `${printable(stack, "\n")}\n`).join("caused by ");
}
