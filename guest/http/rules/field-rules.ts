import { otherSlash } from "./canonical-path.ts";
import { type Captures, PathPattern } from "./path-pattern.ts";
import { refusalOf } from "./refused-fields.ts";
import { type Line, linesOf, type Problem, RuleCount } from "./rule-file.ts";
import { parseTemplate, type Template } from "./template.ts";

/** A change to the header fields of a response: a value, or undefined to remove the field. */
export interface FieldChange {
  readonly name: string;
  readonly value: Template | undefined;
}

interface Rule {
  readonly pattern: PathPattern;
  readonly changes: FieldChange[];
  readonly index: number;
}

/** A rule that matches a path. */
export interface FieldMatch {
  readonly changes: readonly FieldChange[];
  readonly captures: Captures;
}

/**
 * The rules of a `_headers` file: a path on a line, then its fields, `Name: value`, or `! Name` to remove one
 * as Cloudflare Pages does. All rules that match count, in their order. A path with a slash at its end and
 * the one without are the same. Both hosts describe the format: docs.netlify.com/routing/headers and
 * developers.cloudflare.com/pages/configuration/headers.
 */
export class FieldRules {
  /** Rules for one path, by that path. */
  readonly #static = new Map<string, Rule[]>();
  readonly #dynamic: Rule[] = [];

  /** @param problems receives what is malformed or not supported; it is ignored. */
  static parse(text: string, problems: Problem[]): FieldRules {
    const rules = new FieldRules();
    const count = new RuleCount();
    let rule: Rule | "ignored" | undefined;
    for (const line of linesOf(text, problems)) {
      const note = (message: string) => problems.push({ line: line.number, message });
      if (/^(\/|[A-Za-z][A-Za-z0-9+.-]*:\/\/)/.test(line.text)) {
        const pattern = PathPattern.parse(line.text);
        const problem = typeof pattern === "string" ? pattern : count.add(pattern.path !== undefined);
        rule = problem === undefined ? rules.#add(pattern as PathPattern, line.number) : "ignored";
        if (problem !== undefined) note(problem);
      } else if (rule === undefined) note("a field must follow a path");
      else if (rule !== "ignored") {
        const change = parseChange(line, rule.pattern.names);
        if (typeof change === "string") note(change);
        else rule.changes.push(change);
      }
    }
    return rules;
  }

  #add(pattern: PathPattern, index: number): Rule {
    const rule: Rule = { pattern, changes: [], index };
    const { path } = pattern;
    if (path === undefined) this.#dynamic.push(rule);
    else if (this.#static.has(path)) this.#static.get(path)!.push(rule);
    else this.#static.set(path, [rule]);
    return rule;
  }

  /** The rules that match, in their order. @param path a canonical one. */
  matches(path: string): FieldMatch[] {
    const found: { readonly rule: Rule; readonly captures: Captures }[] = [];
    const other = otherSlash(path);
    for (const each of other === undefined ? [path] : [path, other]) {
      for (const rule of this.#static.get(each) ?? []) found.push({ rule, captures: new Map() });
    }
    for (const rule of this.#dynamic) {
      const captures = rule.pattern.match(path) ?? (other && rule.pattern.match(other));
      if (captures) found.push({ rule, captures });
    }
    found.sort((a, b) => a.rule.index - b.rule.index);
    return found.map(({ rule, captures }) => ({ changes: rule.changes, captures }));
  }
}

/** @returns a text that says what is wrong. It has no values: one may be a password. */
function parseChange({ text }: Line, names: ReadonlySet<string>): FieldChange | string {
  if (text.startsWith("!")) {
    const name = text.slice(1).trim();
    return refusalOf(name) ?? (isSame(name, "Content-Type") ? CONTENT_TYPE : { name, value: undefined });
  }
  const colon = text.indexOf(":");
  if (colon < 0) return "a field has a name, a colon and a value";
  const name = text.slice(0, colon).trim();
  const value = text.slice(colon + 1).trim();
  const refusal = refusalOf(name);
  if (refusal !== undefined) return refusal;
  if (value === "") return `the field ${name} has no value`;
  if (/[^\t\x20-\x7e]/.test(value)) {
    return `the value of ${name} has a character that is not printable ASCII`;
  }
  return { name, value: parseTemplate(value, names) };
}

const CONTENT_TYPE = "Content-Type cannot be removed";

function isSame(name: string, other: string): boolean {
  return name.toLowerCase() === other.toLowerCase();
}
