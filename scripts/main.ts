import packageJson from "../package.json" with { type: "json" };
import { parseArguments } from "./cli/arguments.ts";
import type { Command, CommandContext } from "./cli/command.ts";
import { describeFailure, ExitStatus, statusOf } from "./cli/failure.ts";
import { InterruptedError, interruption, leave } from "./cli/interruption.ts";
import { commandManual } from "./cli/manual.ts";
import { didYouMean } from "./cli/nearest.ts";
import { hasPassword, redaction } from "./cli/redaction.ts";
import { UsageError } from "./cli/usage-error.ts";
import { COMMAND_NAMES, loadCommand } from "./commands/load.ts";

/** Runs the command line that follows `docteur`. @returns the exit status. */
async function main(args: readonly string[], context: CommandContext): Promise<number> {
  const [word, ...rest] = args;
  const { stdout } = context;
  switch (word) {
    case undefined:
      throw new UsageError("a command is missing", "docteur");
    case "-h":
    case "--help":
      stdout.write(await overview());
      return ExitStatus.success;
    case "--version":
      stdout.write(`docteur ${packageJson.version}\n`);
      return ExitStatus.success;
    case "help":
      stdout.write(await help(rest));
      return ExitStatus.success;
  }

  const command = await find(word);
  const invocation = parseArguments(command, rest);
  if (invocation === "help") {
    stdout.write(commandManual(command));
    return ExitStatus.success;
  }
  return await command.execute(invocation, context);
}

async function help(words: readonly string[]): Promise<string> {
  const [word, surplus] = words;
  if (surplus !== undefined) throw new UsageError(`'${surplus}' is one argument too many`, "docteur");
  return word === undefined || word === "help" || word.startsWith("-")
    ? await overview()
    : commandManual(await find(word));
}

async function overview(): Promise<string> {
  return (await import("./overview.ts")).overview();
}

async function find(word: string): Promise<Command> {
  const command = await loadCommand(word);
  if (command !== undefined) return command;
  if (word.startsWith("-")) throw new UsageError(`unknown option ${word}`, "docteur");
  throw new UsageError(`unknown command '${word}'${didYouMean(word, COMMAND_NAMES)}`, "docteur");
}

/** Milliseconds that open handles may keep the process when all is done. */
const GRACE = 500;

/**
 * Sets the exit status, reports an error in one line, and lets the process end by having nothing left to do.
 *
 * `process.exit` waits for V8's compiler threads while these may wait for the main thread to collect garbage:
 * now and then, after much input and output, it never returns (Node 26).
 */
function finish(outcome: { status: number } | { error: unknown }, signal: AbortSignal): void {
  // An aborted command ended for the signal's reason, whatever error it threw; unless it has a result all the
  // same, as when the program of a run handles the signal.
  const reason =
    signal.aborted && !("status" in outcome && mayBeSurvived(signal.reason)) ? signal.reason : undefined;
  const error = reason ?? ("error" in outcome ? outcome.error : undefined);
  if (error === undefined) process.exitCode = "status" in outcome ? outcome.status : ExitStatus.failure;
  else if (error instanceof InterruptedError) process.exitCode = error.status;
  else {
    process.stderr.write(redact(describeFailure(error, process.env)));
    process.exitCode = statusOf(error);
  }
  process.stdin.destroy();
  setTimeout(() => leave(process, error), GRACE).unref();
}

function mayBeSurvived(reason: unknown): boolean {
  return reason instanceof InterruptedError && reason.signal !== "SIGPIPE";
}

const args = process.argv.slice(2);
const redact = redaction(args);
// What `ps` shows of this process.
if (hasPassword(args)) process.title = `docteur ${args.find((arg) => /^[a-z]+$/.test(arg)) ?? ""}`.trim();
const signal = interruption(process);
process.on("uncaughtException", (error) => finish({ error }, signal));

const context = {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  signal,
  redact,
};
try {
  const status = await main(args, context);
  await new Promise<void>((written) => process.stdout.write("", () => written()));
  finish({ status }, signal);
} catch (error) {
  finish({ error }, signal);
}
