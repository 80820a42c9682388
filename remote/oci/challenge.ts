/** How a server wants to know who asks (RFC 9110, section 11.6.1). */
export interface Challenge {
  /** In small letters. */
  readonly scheme: string;
  /** By their names in small letters. Empty if the scheme has one value without a name. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** A field longer than this is cut: nothing that is meant for a client is. */
const LONGEST = 16 * 1024;

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const SCHEME = new RegExp(`[\\s,]*(${TOKEN})(?=[\\s,]|$)`, "y");
const PARAMETER = new RegExp(
  `[\\s,]*(${TOKEN})[ \\t]*=[ \\t]*(?:"((?:[^"\\\\]|\\\\.)*)"|(${TOKEN}))(?=[\\s,]|$)`,
  "ys",
);
const VALUE = /[ \t]+[A-Za-z0-9._~+/-]+=*(?=[\s,]|$)/y;

/**
 * The challenges of the fields `WWW-Authenticate` of an answer. What is malformed ends a field: the challenges
 * before it count.
 */
export function parseChallenges(fields: string | readonly string[] | undefined): Challenge[] {
  return [fields ?? []].flat().flatMap((field) => parseField(field.slice(0, LONGEST)));
}

function parseField(field: string): Challenge[] {
  const challenges: Challenge[] = [];
  let at = 0;
  const take = (pattern: RegExp) => {
    pattern.lastIndex = at;
    const match = pattern.exec(field);
    if (match !== null) at = pattern.lastIndex;
    return match;
  };
  for (let scheme = take(SCHEME); scheme !== null; scheme = take(SCHEME)) {
    const parameters = new Map<string, string>();
    for (let parameter = take(PARAMETER); parameter !== null; parameter = take(PARAMETER)) {
      const [, name, quoted, token] = parameter;
      const key = (name as string).toLowerCase();
      if (!parameters.has(key)) parameters.set(key, token ?? (quoted as string).replace(/\\(.)/gs, "$1"));
    }
    challenges.push({ scheme: (scheme[1] as string).toLowerCase(), parameters });
    // A scheme may have one value instead, which nobody here asks for.
    if (parameters.size === 0) take(VALUE);
  }
  return challenges;
}
