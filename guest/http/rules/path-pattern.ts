import { encodeSegment } from "./canonical-path.ts";

/** What the placeholders of a pattern and its `*`, whose name is `splat`, stand for in one path. */
export type Captures = ReadonlyMap<string, string>;

/** A segment without `*`: literals, and the placeholders between them; one literal more than placeholders. */
interface Segment {
  readonly literals: readonly string[];
  readonly names: readonly string[];
}

/** Texts around a `*`, which may be empty. */
interface Splat {
  readonly before: string;
  readonly after: string;
}

/** A placeholder, as Cloudflare Pages spells it. */
const PLACEHOLDER = /:([A-Za-z][A-Za-z0-9_]*)/;

/**
 * A path of a `_headers` or `_redirects` file. `:name` stands for a part of one segment, of one character or
 * more; `*` for anything, slashes included, at most once in a pattern. A match takes at most as many steps as
 * path and pattern have characters, multiplied; no regular expression is made of the pattern.
 */
export class PathPattern {
  /** The names that a match gives. */
  readonly names: ReadonlySet<string>;
  /** The path, if it is the only one that matches. */
  readonly path: string | undefined;
  readonly #head: readonly Segment[];
  readonly #splat: Splat | undefined;
  readonly #tail: readonly Segment[];

  private constructor(
    head: readonly Segment[],
    splat: Splat | undefined,
    tail: readonly Segment[],
    names: ReadonlySet<string>,
  ) {
    this.#head = head;
    this.#splat = splat;
    this.#tail = tail;
    this.names = names;
    const isStatic = splat === undefined && names.size === 0;
    this.path = isStatic ? `/${head.map(({ literals }) => literals[0]).join("/")}` : undefined;
  }

  /** @returns a text that says what is wrong, if the pattern is malformed or not supported. */
  static parse(text: string): PathPattern | string {
    if (/^[A-Za-z][A-Za-z0-9+.-]*:\/\//.test(text)) return "a rule for one host is not supported";
    const [path = ""] = text.split("#");
    if (!path.startsWith("/")) return "a path must begin with a slash";
    if (path.includes("?")) return "a query in the path is not supported";
    const texts = path.slice(1).split("/");
    // Slashes in a row count as one, as in a request.
    const segments = texts.filter((segment, index) => segment !== "" || index === texts.length - 1);
    const star = segments.findIndex((segment) => segment.includes("*"));
    if (path.split("*").length > 2) return "a path may have one * only";
    const names = new Set<string>();
    if (star >= 0) names.add("splat");
    const parse = (segment: string) => parseSegment(segment, names);
    const head = segments.slice(0, star < 0 ? undefined : star).map(parse);
    const around = star < 0 ? [] : segments[star]!.split("*").map(parse);
    const tail = star < 0 ? [] : segments.slice(star + 1).map(parse);
    const problem = [...head, ...around, ...tail].find((segment) => typeof segment === "string");
    if (problem !== undefined) return problem as string;
    const [before, after] = around as Segment[];
    if (before !== undefined && before.names.length + after!.names.length > 0) {
      return "a placeholder beside a * is not supported";
    }
    const splat = before && { before: before.literals[0]!, after: after!.literals[0]! };
    return new PathPattern(head as Segment[], splat, tail as Segment[], names);
  }

  /** @param path a canonical one. @returns what the placeholders stand for; undefined if it does not match. */
  match(path: string): Captures | undefined {
    const captures = new Map<string, string>();
    const segments = path.slice(1).split("/");
    const first = this.#head.length;
    const last = segments.length - this.#tail.length;
    if (this.#splat === undefined ? last !== first : last <= first) return undefined;
    for (let i = 0; i < first; i++) {
      if (!matchSegment(this.#head[i]!, segments[i]!, captures)) return undefined;
    }
    for (let i = 0; i < this.#tail.length; i++) {
      if (!matchSegment(this.#tail[i]!, segments[last + i]!, captures)) return undefined;
    }
    if (this.#splat === undefined) return captures;
    const { before, after } = this.#splat;
    const middle = segments.slice(first, last).join("/");
    const isMatch =
      middle.length >= before.length + after.length && middle.startsWith(before) && middle.endsWith(after);
    if (!isMatch) return undefined;
    return captures.set("splat", middle.slice(before.length, middle.length - after.length));
  }
}

/** @param names receives the placeholders. @returns a text that says what is wrong. */
function parseSegment(text: string, names: Set<string>): Segment | string {
  const pieces = text.split(PLACEHOLDER);
  const own = pieces.filter((_, index) => index % 2 === 1);
  for (const name of own) {
    if (names.has(name)) return `the placeholder :${name} is there twice`;
    names.add(name);
  }
  const literals: string[] = [];
  for (const piece of pieces.filter((_, index) => index % 2 === 0)) {
    if (/%(?![0-9A-Fa-f]{2})/.test(piece)) return "a percent sign must be followed by two hexadecimal digits";
    literals.push(encodeSegment(decode(piece)));
  }
  if (own.length === 0 && /^\.\.?$/.test(literals[0]!)) return "a path must have no segment . or ..";
  return { literals, names: own };
}

function decode(text: string): Uint8Array {
  const bytes = Buffer.from(text).toString("latin1");
  const decoded = bytes.replace(/%(..)/g, (_, digits) => String.fromCharCode(Number.parseInt(digits, 16)));
  return Buffer.from(decoded, "latin1");
}

/** Gives the first placeholders the longest texts: from the end, each literal lies as far back as it can. */
function matchSegment({ literals, names }: Segment, text: string, captures: Map<string, string>): boolean {
  const count = names.length;
  if (count === 0) return literals[0] === text;
  if (!text.endsWith(literals[count]!)) return false;
  let end = text.length - literals[count]!.length;
  for (let i = count - 1; i > 0; i--) {
    const at = text.lastIndexOf(literals[i]!, end - 1 - literals[i]!.length);
    if (at <= literals[0]!.length) return false;
    captures.set(names[i]!, text.slice(at + literals[i]!.length, end));
    end = at;
  }
  if (end <= literals[0]!.length || !text.startsWith(literals[0]!)) return false;
  captures.set(names[0]!, text.slice(literals[0]!.length, end));
  return true;
}
