/** `Content-Range` (RFC 9110, section 14.4), in bytes. */
export interface ContentRange {
  /** The first and the last byte that the body has; undefined where only the total is said (with status 416). */
  readonly range: { readonly first: number; readonly last: number } | undefined;
  /** Bytes of the whole resource; undefined where the server does not say it (`*`). */
  readonly total: number | undefined;
}

/** Parses the header; undefined if it is malformed, or contradicts itself. */
export function parseContentRange(text: string | undefined): ContentRange | undefined {
  const match = /^bytes[ \t]+(?:(\d{1,16})-(\d{1,16})|\*)\/(\d{1,16}|\*)$/i.exec(text?.trim() ?? "");
  if (match === null) return undefined;
  const total = match[3] === "*" ? undefined : Number(match[3]);
  if (total !== undefined && !Number.isSafeInteger(total)) return undefined;
  if (match[1] === undefined) return total === undefined ? undefined : { range: undefined, total };
  const [first, last] = [Number(match[1]), Number(match[2])];
  if (!Number.isSafeInteger(last) || first > last || last >= (total ?? Number.POSITIVE_INFINITY))
    return undefined;
  return { range: { first, last }, total };
}
