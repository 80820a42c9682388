/** The parsed arguments of a program. */
export interface ParsedOptions {
  /** Each option, with its value; a flag has the empty string. */
  readonly options: ReadonlyMap<string, string>;
  /** Each option that may be repeated, with all its values; an empty list if it is not used. */
  readonly lists: ReadonlyMap<string, readonly string[]>;
  readonly operands: readonly string[];
  /** The first option that is unknown or lacks its value. */
  readonly unknown?: string;
}

/**
 * Parses arguments as POSIX utilities do: single letters may be joined (`-lR`), `--name=value` and `--name
 * value` are the same, `--` ends the options, `-` alone is an operand.
 */
export function parseOptions(
  args: readonly string[],
  known: {
    readonly flags: readonly string[];
    readonly values: readonly string[];
    readonly lists?: readonly string[];
  },
): ParsedOptions {
  const options = new Map<string, string>();
  const lists = new Map<string, string[]>();
  for (const name of known.lists ?? []) lists.set(name, []);
  const operands: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] as string;
    if (arg === "--") {
      for (const operand of args.slice(i + 1)) operands.push(operand);
      break;
    }
    if (arg === "-" || !arg.startsWith("-")) {
      operands.push(arg);
      continue;
    }
    const equals = arg.indexOf("=");
    const name = equals < 0 ? arg : arg.slice(0, equals);
    const list = lists.get(name);
    if (list !== undefined || known.values.includes(name)) {
      const value = equals < 0 ? args[++i] : arg.slice(equals + 1);
      if (value === undefined) return { options, lists, operands, unknown: arg };
      if (list === undefined) options.set(name, value);
      else list.push(value);
      continue;
    }
    const flags = arg.startsWith("--") ? [arg] : [...arg.slice(1)].map((letter) => `-${letter}`);
    const unknown = flags.find((flag) => !known.flags.includes(flag));
    if (unknown !== undefined) return { options, lists, operands, unknown };
    for (const flag of flags) options.set(flag, "");
  }
  return { options, lists, operands };
}
