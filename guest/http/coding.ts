/** How the content of a response is coded; `identity` is as it is (RFC 9110, section 8.4.1). */
export type Coding = "gzip" | "deflate" | "identity";

/** The codings that a content can have beside `identity`, the one that is better at equal weight first. */
export type Codings = readonly Exclude<Coding, "identity">[];

/** Weights of an `Accept-Encoding`, from 0 for what the client refuses to 1. */
type Weights = Readonly<Record<Coding, number>>;

/** Fields that were parsed before: clients send few different ones, most of them a single one. */
const known = new Map<string, Weights>();
const MAX_KNOWN = 64;

/**
 * The coding that a client prefers (RFC 9110, section 12.5.3). HTTP's `deflate` is the zlib format of RFC
 * 1950, `gzip` and `x-gzip` that of RFC 1952. At equal weight a coding is better than none.
 *
 * @returns `identity` if the client accepts none of `codings`, even if it refuses that too: the RFC allows
 * it, and a file that does not come is of no use.
 */
export function preferredCoding(acceptEncoding: string | undefined, codings: Codings): Coding {
  if (acceptEncoding === undefined || codings.length === 0) return "identity";
  const weights = weightsOf(acceptEncoding);
  let best: Coding = "identity";
  for (const coding of codings) {
    const weight = weights[coding];
    if (weight > 0 && (best === "identity" ? weight >= weights[best] : weight > weights[best])) best = coding;
  }
  return best;
}

function weightsOf(acceptEncoding: string): Weights {
  let weights = known.get(acceptEncoding);
  if (weights === undefined) {
    weights = parse(acceptEncoding);
    if (known.size === MAX_KNOWN) known.clear();
    known.set(acceptEncoding, weights);
  }
  return weights;
}

function parse(acceptEncoding: string): Weights {
  const weights = new Map<string, number>();
  for (const item of acceptEncoding.toLowerCase().split(",")) {
    const [coding, ...parameters] = item.split(";").map((part) => part.trim());
    weights.set(coding === "x-gzip" ? "gzip" : coding!, weight(parameters));
  }
  const any = weights.get("*");
  return {
    gzip: weights.get("gzip") ?? any ?? 0,
    deflate: weights.get("deflate") ?? any ?? 0,
    // A field without `identity` accepts the content as it is, but prefers the codings that it names.
    identity: weights.get("identity") ?? any ?? Number.MIN_VALUE,
  };
}

function weight(parameters: readonly string[]): number {
  const q = parameters.find((parameter) => parameter.startsWith("q="));
  if (q === undefined) return 1;
  return /^q=(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(q) ? Number(q.slice(2)) : 0;
}
