/** Directives of a response that have a number of seconds (RFC 9111, section 5.2.2; RFC 5861). */
const WITH_SECONDS: ReadonlySet<string> = new Set([
  "max-age",
  "s-maxage",
  "stale-while-revalidate",
  "stale-if-error",
]);

/** Directives that have none (RFC 9111, section 5.2.2; RFC 8246). */
const ALONE: ReadonlySet<string> = new Set([
  ...["no-cache", "no-store", "no-transform", "must-revalidate", "proxy-revalidate", "must-understand"],
  ...["public", "private", "immutable"],
]);

/** The value of a `Cache-Control` field as it is sent; undefined if it is malformed. */
export function parseCacheControl(text: string): string | undefined {
  const names = new Set<string>();
  const directives = text.split(",").map((each) => each.trim().toLowerCase());
  for (const directive of directives) {
    const [name, seconds, ...rest] = directive.split("=");
    const isKnown =
      seconds === undefined ? ALONE.has(name!) : WITH_SECONDS.has(name!) && /^\d{1,10}$/.test(seconds);
    if (!isKnown || rest.length > 0 || names.has(name!)) return undefined;
    names.add(name!);
  }
  return directives.join(", ");
}
