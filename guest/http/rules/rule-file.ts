/** The most rules of a file: with fixed paths, and with placeholders or a `*`. */
const MAX_STATIC_RULES = 2000;
const MAX_DYNAMIC_RULES = 100;

/** The most characters of a line. */
const MAX_LINE = 2000;

/** Something in a file that is ignored, and why. */
export interface Problem {
  /** The first line has the number 1. */
  readonly line: number;
  readonly message: string;
}

export interface Line {
  readonly number: number;
  /** Without white space at the ends, not empty, no comment. */
  readonly text: string;
}

/** The lines of a file that are not empty and no comments. @param problems receives those that are too long. */
export function linesOf(text: string, problems: Problem[]): Line[] {
  const lines: Line[] = [];
  for (const [index, each] of text
    .replace(/^\ufeff/, "")
    .split(/\r\n|\n|\r/)
    .entries()) {
    const line = { number: index + 1, text: each.trim() };
    if (line.text === "" || line.text.startsWith("#")) continue;
    if (each.length > MAX_LINE) {
      problems.push({ line: line.number, message: `a line has at most ${MAX_LINE} characters` });
    } else lines.push(line);
  }
  return lines;
}

/** Counts the rules of a file, as the hosts do. */
export class RuleCount {
  #static = 0;
  #dynamic = 0;

  /** @returns what is wrong if there is no place for another rule. */
  add(isStatic: boolean): string | undefined {
    if (isStatic) {
      return ++this.#static > MAX_STATIC_RULES ? `more than ${MAX_STATIC_RULES} rules` : undefined;
    }
    return ++this.#dynamic > MAX_DYNAMIC_RULES
      ? `more than ${MAX_DYNAMIC_RULES} rules with placeholders or *`
      : undefined;
  }
}
