import type { IncomingHttpHeaders } from "node:http";
import { header } from "./answer.ts";

/** What an answer says of its use for later requests (RFC 9111, RFC 8246). */
export interface Freshness {
  /** Whether anything of it may be written down. */
  readonly mayBeKept: boolean;
  /** Whether it does for another process that asks at the same time. */
  readonly mayBeShared: boolean;
  /** Seconds for which no request is needed at all: the server says that the resource does not change. */
  readonly unchangedFor: number;
}

/** The cache of one user: `private` and `s-maxage` say nothing to it (RFC 9111, section 5.2.2). */
export function freshnessOf(answer: { readonly headers: IncomingHttpHeaders }): Freshness {
  const directives = directivesOf(header(answer, "cache-control"));
  const maxAge = seconds(directives.get("max-age"));
  const left = maxAge === undefined ? undefined : maxAge - (seconds(header(answer, "age")) ?? 0);
  const isPragma =
    header(answer, "cache-control") === undefined && /no-cache/i.test(header(answer, "pragma") ?? "");
  const varies = header(answer, "vary")?.includes("*") === true;
  const mayBeKept = !directives.has("no-store");
  const mayBeShared =
    mayBeKept &&
    !directives.has("no-cache") &&
    !isPragma &&
    !varies &&
    (left === undefined ? !hasExpired(answer) : left > 0);
  const unchangedFor = mayBeShared && directives.has("immutable") ? Math.max(0, left ?? 0) : 0;
  return { mayBeKept, mayBeShared, unchangedFor };
}

function directivesOf(text: string | undefined): ReadonlyMap<string, string> {
  const pairs = (text ?? "").split(",").map((directive) => {
    const [name = "", value = ""] = directive.split("=", 2);
    return [name.trim().toLowerCase(), value.trim().replace(/^"(.*)"$/, "$1")] as const;
  });
  return new Map(pairs);
}

function seconds(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : undefined;
}

/** By the server's own clock. What is no date has expired (RFC 9111, section 5.3). */
function hasExpired(answer: { readonly headers: IncomingHttpHeaders }): boolean {
  const expires = header(answer, "expires");
  if (expires === undefined) return false;
  const now = Date.parse(header(answer, "date") ?? "") || Date.now();
  return !(Date.parse(expires) > now);
}
