import type { IncomingHttpHeaders } from "node:http";
import { namesTag } from "./etag.ts";

/** What the conditions of a GET or HEAD ask for: go on, say that nothing changed, or refuse. */
export type Verdict = "go on" | 304 | 412;

/**
 * Evaluates conditions in the order that RFC 9110, section 13.2.2, has them; `If-Range` is apart. Entity tags
 * only: an image knows one date, its commit's, and another image at the same address may have the same date,
 * or an earlier one. So no modification date is stated, and conditions on it are ignored (sections 13.1.3 and
 * 13.1.4).
 *
 * @param tag a strong entity tag.
 */
export function evaluate(headers: IncomingHttpHeaders, tag: string): Verdict {
  const match = headers["if-match"];
  if (match !== undefined && !namesTag(match, tag, "strong")) return 412;
  const noneMatch = headers["if-none-match"];
  return noneMatch !== undefined && namesTag(noneMatch, tag, "weak") ? 304 : "go on";
}

/**
 * Whether a `Range` counts. The client's part, if it says which it has, must be of the same representation:
 * that is a strong tag's to say, and never a date's (RFC 9110, section 13.1.5). One that has only
 * `If-Unmodified-Since` for it gets the whole.
 *
 * @param tag a strong entity tag.
 */
export function allowsRange(headers: IncomingHttpHeaders, tag: string): boolean {
  const ifRange = headers["if-range"]?.toString();
  if (ifRange !== undefined) return ifRange.trim() === tag;
  return headers["if-unmodified-since"] === undefined || headers["if-match"] !== undefined;
}
