import { parseArgs } from "node:util";
import type { Command, Option } from "./command.ts";
import { didYouMean } from "./nearest.ts";
import { UsageError } from "./usage-error.ts";

const helpOption: Option = { name: "help", short: "h", description: "Print this page and exit." };

/** Every option of a command, those common to all included. */
export function allOptions(command: Command): readonly Option[] {
  return [...command.options, helpOption];
}

/** A command's arguments, parsed and checked against its declaration. */
export class Invocation {
  readonly operands: readonly string[];
  /** The arguments after the last operand, for a command that passes them on. */
  readonly rest: readonly string[];
  readonly #command: Command;
  readonly #values: ReadonlyMap<string, readonly (string | true)[]>;

  constructor(
    command: Command,
    values: ReadonlyMap<string, readonly (string | true)[]>,
    operands: readonly string[],
    rest: readonly string[],
  ) {
    this.#command = command;
    this.#values = values;
    this.operands = operands;
    this.rest = rest;
  }

  /** Whether a switch was given. */
  flag(name: string): boolean {
    return this.#values.get(name)?.at(-1) === true;
  }

  /** Whether an option was given, with or without a value. */
  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** The value of an option, the last one when it was given more than once. */
  text(name: string): string | undefined {
    return this.texts(name).at(-1);
  }

  /** The values of an option that may be given more than once. */
  texts(name: string): string[] {
    return (this.#values.get(name) ?? []).filter((value) => value !== true);
  }

  /** @throws {UsageError} if the value is none of the choices. */
  choice<T extends string>(name: string, choices: readonly T[]): T | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const chosen = choices.find((choice) => choice === value);
    if (chosen === undefined) {
      throw this.misuse(`--${name} takes ${choices.join(", ")}, not '${value}'`);
    }
    return chosen;
  }

  /** @throws {UsageError} if the value is no decimal integer within the range, both ends included. */
  integer(name: string, { minimum, maximum }: { minimum: number; maximum: number }): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const number = /^[0-9]+$/.test(value) ? Number(value) : Number.NaN;
    if (!(number >= minimum && number <= maximum)) {
      throw this.misuse(`--${name} takes an integer from ${minimum} to ${maximum}, not '${value}'`);
    }
    return number;
  }

  /** A usage error of this command. */
  misuse(what: string): UsageError {
    return new UsageError(what, `docteur ${this.#command.name}`);
  }
}

/**
 * Parses the arguments that follow a command's name.
 * @returns the invocation, or `help` if `--help` is among the command's own options.
 * @throws {UsageError}
 */
export function parseArguments(command: Command, args: readonly string[]): Invocation | "help" {
  const options = allOptions(command);
  const manual = `docteur ${command.name}`;
  // Not strict: the messages of parseArgs speak to the program's author, ours speak to its user.
  const { tokens } = parseArgs({
    args: [...args],
    strict: false,
    tokens: true,
    options: Object.fromEntries(
      options.map(({ name, short, value }) => [
        name,
        { type: value === undefined ? ("boolean" as const) : ("string" as const), ...(short && { short }) },
      ]),
    ),
  });

  const values = new Map<string, (string | true)[]>();
  const operands: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") {
      operands.push(token.value);
      if (command.passesRest && operands.length === command.operands.length) {
        return new Invocation(command, values, operands, args.slice(token.index + 1));
      }
    } else if (token.kind === "option") {
      const option = options.find(({ name }) => name === token.name);
      if (option === undefined) throw new UsageError(unknownOption(token.rawName, options), manual);
      if (option === helpOption) return "help";
      values.set(option.name, [...(values.get(option.name) ?? []), optionValue(option, token, manual)]);
    }
  }

  const missing = command.operands[operands.length];
  if (missing !== undefined) throw new UsageError(`${missing} is missing`, manual);
  const surplus = operands[command.operands.length];
  if (surplus !== undefined) throw new UsageError(`'${surplus}' is one argument too many`, manual);
  return new Invocation(command, values, operands, []);
}

interface OptionToken {
  readonly rawName: string;
  readonly value?: string | undefined;
  readonly inlineValue?: boolean | undefined;
}

function optionValue(option: Option, { rawName, value, inlineValue }: OptionToken, manual: string) {
  if (option.value === undefined) {
    if (value !== undefined) throw new UsageError(`${rawName} takes no value`, manual);
    return true;
  }
  if (value === undefined || value === "") throw new UsageError(`${rawName} needs a value`, manual);
  // `-b -q` is far more often a forgotten value than a branch called `-q`.
  if (!inlineValue && value.startsWith("-") && value !== "-") {
    throw new UsageError(
      `${rawName} needs a value (for the value '${value}' write --${option.name}=${value})`,
      manual,
    );
  }
  return value;
}

function unknownOption(rawName: string, options: readonly Option[]): string {
  const names = options.map(({ name }) => `--${name}`);
  return `unknown option ${rawName}${didYouMean(rawName, names)}`;
}
