import { createHash } from "node:crypto";

/** The strong tag of a blob as it is: equal tags mean equal bytes. */
export function identityTag(id: string): string {
  return `"${id}"`;
}

/** The tag of its zlib stream, which is another sequence of bytes. */
export function deflateTag(id: string): string {
  return `"${id}-deflate"`;
}

/** The tag of a page that the server makes. */
export function pageTag(page: Uint8Array): string {
  return `"${createHash("sha1").update(page).digest("hex")}-page"`;
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
