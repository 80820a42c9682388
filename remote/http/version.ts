import { createHash, randomUUID } from "node:crypto";
import { type HttpAnswer, header } from "./answer.ts";

/** What a server says about which version of a resource it has sent (RFC 9110, section 8.8). */
export interface Version {
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
  /** Bytes of the whole resource; undefined where an answer does not say it. */
  readonly length: number | undefined;
}

/**
 * What an answer says about the version.
 * @param lengthOnly leave out the tag and the date, as for a URL that names its bytes by a digest.
 */
export function versionOf(
  answer: Pick<HttpAnswer, "headers">,
  length: number | undefined,
  lengthOnly = false,
): Version {
  if (lengthOnly) return { etag: undefined, lastModified: undefined, length };
  return { etag: header(answer, "etag"), lastModified: header(answer, "last-modified"), length };
}

/** An entity tag that changes with every byte; `If-Range` takes no other. */
export function strongTag(version: Version): string | undefined {
  return version.etag !== undefined && /^"[\x21\x23-\x7e\x80-\xff]*"$/.test(version.etag)
    ? version.etag
    : undefined;
}

/**
 * Compares the version that a source began with and that of a later answer. `unclear`: it lacks what the first
 * one had, or contradicts itself.
 */
export function compareVersions(first: Version, later: Version): "same" | "changed" | "unclear" {
  const sameLength = later.length === undefined || later.length === first.length;
  if (first.etag !== undefined) {
    if (later.etag === undefined) return "unclear";
    if (later.etag !== first.etag) return "changed";
    if (strongTag(first) !== undefined) return sameLength ? "same" : "unclear";
  }
  if (first.lastModified !== undefined) {
    if (later.lastModified === undefined) return "unclear";
    if (later.lastModified !== first.lastModified) return "changed";
    return sameLength ? "same" : "unclear";
  }
  return sameLength ? "same" : "changed";
}

/** The names of signatures and of tokens in the queries of presigned URLs (S3, GCS, CloudFront, Azure). */
const SIGNATURE = /(?:signature|^sig$|token)/i;

/** What comes with them and is another each time: who signs, when, and until when. */
const SIGNED_WITH =
  /^(?:x-(?:amz|goog|oss)-.*|expires|policy|key-pair-id|(?:aws|oss)?accesskeyid|googleaccessid|s[etprv]|sip|spr|sk(?:oid|tid|t|e|s|v))$/i;

/**
 * Names the bytes of a version for a cache. What signs a query is another each time and is left out; the rest
 * of it may say which file it is. A version that the server does not name has a key that never comes again.
 */
export function versionKey(url: URL, version: Version): string {
  const { etag, lastModified, length } = version;
  if (etag === undefined && lastModified === undefined) return `http:${randomUUID()}`;
  const validator = strongTag(version) === undefined ? [etag ?? null, lastModified ?? null] : [etag];
  return `http:${createHash("sha256")
    .update(JSON.stringify([...nameOf(url), ...validator, length]))
    .digest("hex")}`;
}

/** Names a resource, whatever its version, and by whom its URL is signed. It may hold secrets. */
export function resourceName(url: URL): string {
  return JSON.stringify(nameOf(url));
}

function nameOf(url: URL): readonly unknown[] {
  const query = [...url.searchParams];
  const lasting = query.filter(([name]) => !SIGNATURE.test(name) && !SIGNED_WITH.test(name));
  return [url.origin, url.pathname, isPresigned(url) ? lasting : query];
}

/** Whether the query of a URL has a signature or a token in it. */
export function isPresigned(url: URL): boolean {
  return [...url.searchParams.keys()].some((name) => SIGNATURE.test(name));
}
