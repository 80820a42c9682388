import type { IncomingHttpHeaders } from "node:http";
import { namesTag } from "./etag.ts";

/** The result of the conditions of a GET or HEAD: go on, or respond with a status. */
export type Verdict = "go on" | 304 | 412;

/**
 * Evaluates conditions in the order of RFC 9110, section 13.2.2, without `If-Range`. It uses entity tags
 * only: an image has one date, its commit's, and another image at the same address may have the same date or
 * an earlier one. So responses have no modification date, and conditions on it are ignored (sections 13.1.3
 * and 13.1.4).
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
 * Whether to apply a `Range`. The part that the client has must be of the same representation. `If-Range`
 * says so by a strong tag, never by a date (RFC 9110, section 13.1.5). A request with `If-Unmodified-Since`
 * alone gets the complete content.
 *
 * @param tag a strong entity tag.
 */
export function allowsRange(headers: IncomingHttpHeaders, tag: string): boolean {
  const ifRange = headers["if-range"]?.toString();
  if (ifRange !== undefined) return ifRange.trim() === tag;
  return headers["if-unmodified-since"] === undefined || headers["if-match"] !== undefined;
}
