/**
 * Whether a client prefers `deflate` to the content as it is (RFC 9110, section 12.5.3). HTTP's `deflate` is
 * the zlib format of RFC 1950, which a PACK contains.
 */
export function prefersDeflate(acceptEncoding: string | undefined): boolean {
  if (acceptEncoding === undefined) return false;
  const weights = new Map<string, number>();
  for (const item of acceptEncoding.toLowerCase().split(",")) {
    const [coding, ...parameters] = item.split(";").map((part) => part.trim());
    weights.set(coding!, weight(parameters));
  }
  const any = weights.get("*");
  const deflate = weights.get("deflate") ?? any ?? 0;
  // A field without `identity` accepts the content as it is, but prefers the codings that it names.
  const identity = weights.get("identity") ?? (any === 0 ? 0 : Number.MIN_VALUE);
  return deflate > 0 && deflate >= identity;
}

function weight(parameters: readonly string[]): number {
  const q = parameters.find((parameter) => parameter.startsWith("q="));
  if (q === undefined) return 1;
  return /^q=(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(q) ? Number(q.slice(2)) : 0;
}
