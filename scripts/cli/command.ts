import type { Invocation } from "./arguments.ts";

/** One option of a command: how it is parsed and what its manual says, in one place so that they agree. */
export interface Option {
  /** The long name, without the dashes. */
  readonly name: string;
  /** The one-letter name, without the dash. */
  readonly short?: string;
  /** What the manual calls its value. An option without one is a switch. */
  readonly value?: string;
  /** One paragraph for the manual; states the unit and the default. */
  readonly description: string;
}

/** A titled part of the manual. Lines that begin with a space are kept as they are, others are filled. */
export interface Section {
  readonly title: string;
  readonly body: string;
}

/** What a command has to work with; tests and the entry point fill it in. */
export interface CommandContext {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly env: NodeJS.ProcessEnv;
  /** Aborted when the command is to end: a signal, or nobody reads its output any more. */
  readonly signal: AbortSignal;
  /** Masks in a text for people what may be a password on the command line. */
  readonly redact: (text: string) => string;
}

/** A subcommand of `docteur`. */
export interface Command {
  readonly name: string;
  readonly summary: string;
  /** What follows the command's name, one line for each form. */
  readonly synopsis: readonly string[];
  readonly description: string;
  readonly options: readonly Option[];
  readonly sections: readonly Section[];
  /** The names of the operands it must be given, in order. */
  readonly operands: readonly string[];
  /** True when everything after the last operand belongs to somebody else and is not parsed. */
  readonly passesRest?: boolean;
  /** Does the work. @returns the exit status. */
  execute(invocation: Invocation, context: CommandContext): Promise<number>;
}
