import { otherSlash } from "./canonical-path.ts";
import { type Location, locationOf, parseLocation } from "./location.ts";
import { type Captures, PathPattern } from "./path-pattern.ts";
import { type Line, linesOf, type Problem, RuleCount } from "./rule-file.ts";

/** The statuses of a rule: those of a redirect, and 200 and 404 for another file at the same address. */
export type RuleStatus = 200 | 301 | 302 | 303 | 307 | 308 | 404;

const STATUSES: ReadonlySet<number> = new Set<RuleStatus>([200, 301, 302, 303, 307, 308, 404]);

/** That of a rule without one: Netlify's. Cloudflare's is 302. */
const DEFAULT_STATUS: RuleStatus = 301;

interface Rule {
  readonly pattern: PathPattern;
  readonly location: Location;
  readonly status: RuleStatus;
  readonly isForced: boolean;
}

/** A rule that matches a path. */
export interface RedirectMatch {
  readonly status: RuleStatus;
  /** Whether it counts although there is a file at the path. */
  readonly isForced: boolean;
  /** The path or URL that it leads to. */
  readonly location: string;
}

/**
 * The rules of a `_redirects` file: `FROM TO [STATUS[!]]` on a line, the first that matches counts. As for
 * Netlify, a path with a slash at its end and the one without are the same, but a rule for exactly the path
 * comes before one for the other. Both hosts describe the format: docs.netlify.com/routing/redirects and
 * developers.cloudflare.com/pages/configuration/redirects.
 */
export class Redirects {
  /** Rules for one path, by that path: the first rule of each, and its index. */
  readonly #static = new Map<string, { readonly rule: Rule; readonly index: number }>();
  readonly #dynamic: { readonly rule: Rule; readonly index: number }[] = [];

  /** @param problems receives the rules that are malformed or not supported; they are ignored. */
  static parse(text: string, problems: Problem[]): Redirects {
    const redirects = new Redirects();
    const count = new RuleCount();
    for (const line of linesOf(text, problems)) {
      const rule = parseRule(line);
      const problem = typeof rule === "string" ? rule : count.add(rule.pattern.path !== undefined);
      if (problem !== undefined) problems.push({ line: line.number, message: problem });
      else redirects.#add(rule as Rule, line.number);
    }
    return redirects;
  }

  #add(rule: Rule, index: number): void {
    const { path } = rule.pattern;
    if (path === undefined) this.#dynamic.push({ rule, index });
    else if (!this.#static.has(path)) this.#static.set(path, { rule, index });
  }

  /**
   * The rules that match, in their order.
   * @param path a canonical one. @param query of the request, with its `?`, or empty.
   */
  *matches(path: string, query: string): Generator<RedirectMatch> {
    const other = otherSlash(path);
    let fixed = this.#static.get(path) ?? (other === undefined ? undefined : this.#static.get(other));
    for (const { rule, index } of this.#dynamic) {
      if (fixed !== undefined && fixed.index < index) {
        yield* matchOf(fixed.rule, NOTHING, query);
        fixed = undefined;
      }
      const captures = rule.pattern.match(path) ?? (other && rule.pattern.match(other));
      if (captures) yield* matchOf(rule, captures, query);
    }
    if (fixed !== undefined) yield* matchOf(fixed.rule, NOTHING, query);
  }
}

const NOTHING: Captures = new Map();

function* matchOf(
  { location, status, isForced }: Rule,
  captures: Captures,
  query: string,
): Generator<RedirectMatch> {
  const target = locationOf(location, captures, query);
  if (target !== undefined) yield { status, isForced, location: target };
}

/** @returns a text that says what is wrong. */
function parseRule({ text }: Line): Rule | string {
  const words = text.split(/\s+/);
  const comment = words.findIndex((word, index) => index > 1 && word.startsWith("#"));
  const [from = "", ...others] = comment < 0 ? words : words.slice(0, comment);
  const pattern = PathPattern.parse(from);
  if (typeof pattern === "string") return pattern;
  if (others.length === 0) return "a rule has a path and a target";
  if (/^[^/:=]+=/.test(others[0]!)) return "a condition on the query is not supported";
  const [to, statusText = String(DEFAULT_STATUS), ...conditions] = others as [string, ...string[]];
  const location = parseLocation(to, pattern.names);
  if (typeof location === "string") return location;
  if (/^[A-Za-z]+=/.test(statusText)) return unsupported(statusText);
  const [, digits, mark] = /^(\d{3})(!?)$/.exec(statusText) ?? [];
  const status = Number(digits);
  if (!STATUSES.has(status)) return "the status must be 200, 301, 302, 303, 307, 308 or 404";
  if (conditions.length > 0) return unsupported(conditions[0]!);
  if (location.origin !== "" && (status === 200 || status === 404)) {
    return "a file of another host (a proxy) is not supported: the machine reaches no network";
  }
  return { pattern, location, status: status as RuleStatus, isForced: mark === "!" };
}

/** The names of conditions; their values are not repeated. */
function unsupported(condition: string): string {
  const [, name] = /^(country|language|role|cookie)=/i.exec(condition) ?? [];
  return name === undefined ? "nothing may follow the status" : `the condition ${name} is not supported`;
}
