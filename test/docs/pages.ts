import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export const CHECKOUT = join(import.meta.dirname, "../..");

/** A document of the project. */
export interface Page {
  /** Its path from the folder of the project. */
  readonly path: string;
  readonly text: string;
}

const AT_THE_TOP = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"];

/** All documents but API.md, whose text is that of comments in the sources. */
export const pages: readonly Page[] = [
  ...AT_THE_TOP,
  ...readdirSync(join(CHECKOUT, "docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md") && name !== "API.md")
    .map((name) => `docs/${name}`),
].map((path) => ({ path, text: readFileSync(join(CHECKOUT, path), "utf8") }));

/**
 * The lines of a page, without those of code blocks, which are fenced or indented by four and more after an
 * empty line.
 */
export function proseLines(text: string): { line: string; number: number }[] {
  const found: { line: string; number: number }[] = [];
  let fenced = false;
  let indented = false;
  let before = "";
  for (const [index, line] of text.split("\n").entries()) {
    if (/^\s*```/.test(line)) fenced = !fenced;
    else if (!fenced) {
      indented = /^ {4,}/.test(line) && (indented || before === "");
      if (!indented) found.push({ line, number: index + 1 });
    }
    before = line;
  }
  return found;
}

/** What git does not keep, and what is not text. */
const LEFT_OUT =
  /^(?:node_modules|dist|\.git|bench\/results|bench\/corpora|test\/fixtures\/docteur-0\.0\.7)$|\.(?:img|png|tgz|tmp|source)$/;

/** The paths of the project's files, from its folder. */
export function projectFiles(folder = ""): string[] {
  return readdirSync(join(CHECKOUT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (LEFT_OUT.test(path)) return [];
    return entry.isDirectory() ? projectFiles(path) : [path];
  });
}
