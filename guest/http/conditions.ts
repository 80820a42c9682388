import type { IncomingHttpHeaders } from "node:http";
import { namesTag } from "./etag.ts";
import { parseHttpDate } from "./http-date.ts";

/** What conditions are compared with. */
export interface Validators {
  /** A strong entity tag. */
  readonly tag: string;
  /** Seconds since the epoch; undefined if no date is told. */
  readonly modified: number | undefined;
}

/** What the conditions of a GET or HEAD ask for: go on, say that nothing changed, or refuse. */
export type Verdict = "go on" | 304 | 412;

/** Evaluates conditions in the order that RFC 9110, section 13.2.2, has them; `If-Range` is apart. */
export function evaluate(headers: IncomingHttpHeaders, { tag, modified }: Validators): Verdict {
  const match = headers["if-match"];
  if (match !== undefined) {
    if (!namesTag(match, tag, "strong")) return 412;
  } else if (modified !== undefined) {
    const limit = date(headers["if-unmodified-since"]);
    if (limit !== undefined && modified > limit) return 412;
  }
  const noneMatch = headers["if-none-match"];
  if (noneMatch !== undefined) return namesTag(noneMatch, tag, "weak") ? 304 : "go on";
  const since = date(headers["if-modified-since"]);
  return since !== undefined && modified !== undefined && modified <= since ? 304 : "go on";
}

/**
 * Whether a `Range` counts: the client's part, if it says which it has, must be of the same representation (RFC 9110,
 * section 13.1.5). A date proves that only once a second change in the same second is excluded.
 *
 * @param now seconds since the epoch.
 */
export function allowsRange(
  ifRange: string | undefined,
  { tag, modified }: Validators,
  now: number,
): boolean {
  if (ifRange === undefined) return true;
  const text = ifRange.trim();
  if (text.startsWith('"')) return text === tag;
  const then = date(text);
  return then !== undefined && then === modified && now - then > 60;
}

function date(text: string | undefined): number | undefined {
  return text === undefined ? undefined : parseHttpDate(text);
}
