import { DocteurError } from "../../reader/errors.ts";

/** Whether to leave out the file or folder at a path, relative to the folder that is read. */
export type Exclusion = (path: string) => boolean;

/**
 * What `--exclude` names. A pattern without a slash is compared with the name of every file and folder, one
 * with a slash with the path from the top. `*` stands for anything but a slash, `**` for anything, `?` for
 * one character but a slash.
 * @throws {DocteurError} `BAD_PATTERN`: empty.
 */
export function exclusion(patterns: readonly string[]): Exclusion {
  const tests = patterns.map((pattern) => {
    const trimmed = pattern.replace(/^\.?\/+/, "").replace(/\/+$/, "");
    if (trimmed === "")
      throw new DocteurError("BAD_PATTERN", `bad pattern ${JSON.stringify(pattern)}: it is empty`);
    const anywhere = !pattern.replace(/\/+$/, "").includes("/");
    return new RegExp(`${anywhere ? "(^|/)" : "^"}${regularExpression(trimmed)}$`, "su");
  });
  return (path) => tests.some((test) => test.test(path));
}

const WILDCARDS: Readonly<Record<string, string>> = {
  "**/": "(?:.*/)?",
  "**": ".*",
  "*": "[^/]*",
  "?": "[^/]",
};

function regularExpression(pattern: string): string {
  return pattern.replace(/\*\*\/|\*\*|[*?]|[\\^$.|+()[\]{}]/g, (found) => WILDCARDS[found] ?? `\\${found}`);
}
