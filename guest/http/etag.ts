import { createHash } from "node:crypto";
import type { Coding } from "./coding.ts";

/**
 * The strong tag of a blob in a coding. Each coding is another sequence of bytes, so it has another tag:
 * equal tags mean equal bytes.
 *
 * @param id the blob's, in hexadecimal digits.
 */
export function blobTag(id: string, coding: Coding): string {
  return coding === "identity" ? `"${id}"` : `"${id}-${coding}"`;
}

/** The tag of a page that the server makes. */
export function pageTag(page: Uint8Array): string {
  return `"${createHash("sha256").update(page).digest("hex")}-page"`;
}

/** The tag of a page's gzip stream. @param tag the page's. */
export function gzipPageTag(tag: string): string {
  return `${tag.slice(0, -1)}-gzip"`;
}

/** Weak and strong tags in a list (RFC 9110, section 8.8.3). */
const TAGS = /(W\/)?("[\x21\x23-\x7e\x80-\xff]*")/g;

/** The comparison of two tags: `strong` requires that both are strong. */
export type Comparison = "strong" | "weak";

/** Whether an `If-Match` or `If-None-Match` names a tag; `*` names every one. `tag` is a strong one. */
export function namesTag(list: string, tag: string, comparison: Comparison): boolean {
  if (list.trim() === "*") return true;
  for (const [, weak, opaque] of list.matchAll(TAGS)) {
    if (opaque === tag && (comparison === "weak" || weak === undefined)) return true;
  }
  return false;
}
