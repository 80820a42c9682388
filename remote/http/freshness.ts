import { type HttpAnswer, header } from "./answer.ts";

/** Seconds that a server can ask for at most: a day. A cache may always ask earlier. */
const MOST = 24 * 60 * 60;

/**
 * Seconds for which an answer stands for what the server would answer (RFC 9111, section 4.2.1), by `max-age`
 * less `Age`. 0 if it does not say so: it is not guessed.
 */
export function freshness(answer: Pick<HttpAnswer, "headers">): number {
  const directives = (header(answer, "cache-control") ?? "")
    .toLowerCase()
    .split(",")
    .map((each) => each.trim());
  if (directives.includes("no-cache") || directives.includes("no-store")) return 0;
  const [, seconds] =
    /^max-age="?(\d{1,15})"?$/.exec(directives.find((each) => each.startsWith("max-age=")) ?? "") ?? [];
  const age = Number(header(answer, "age") ?? 0);
  return Math.max(0, Math.min(MOST, Number(seconds ?? 0) - (Number.isFinite(age) ? age : Infinity)));
}
