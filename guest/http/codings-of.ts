import type { Codings } from "./coding.ts";
import type { FileResource } from "./site.ts";

/** Bytes of the smallest content that the server compresses: a smaller one fits a packet or two as it is. */
const SMALLEST_COMPRESSED = 1024;

/** Bytes of the largest content that the server compresses. */
export const LARGEST_COMPRESSED = 4 * 1024 * 1024;

const NONE: Codings = [];
const DEFLATE: Codings = ["deflate"];
/** The coding in which the server compresses. */
export const GZIP: Codings = ["gzip"];
const GZIP_AND_DEFLATE: Codings = ["gzip", "deflate"];

/** Types of text, by the start of the type. */
const TEXT = /^(text\/|application\/(json|javascript|xml|[\w.-]+\+(json|xml))\b|image\/svg\+xml\b)/;

/**
 * The codings in which a file can be sent. An undeltified file has a zlib stream in the image, which is sent
 * as `deflate`, or as `gzip` with other bytes around it. A deltified one has none; the server compresses it
 * if that is worth it.
 */
export function codingsOf({
  isUndeltified,
  type,
  size,
}: Pick<FileResource, "isUndeltified" | "type" | "size">): Codings {
  if (!isUndeltified) return madeCodings(type, size);
  // Firefox takes this pair for a server's mistake, and saves the content without undoing the coding.
  return type === "application/gzip" ? DEFLATE : GZIP_AND_DEFLATE;
}

/** The codings in which the server itself can compress a content. @param size bytes. */
export function madeCodings(type: string, size: number): Codings {
  return size > SMALLEST_COMPRESSED && size <= LARGEST_COMPRESSED && TEXT.test(type) ? GZIP : NONE;
}
