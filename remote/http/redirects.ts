import { SourceError } from "../../reader/source-error.ts";
import { withoutSecrets } from "../address.ts";
import { type HttpAnswer, header } from "./answer.ts";
import { malformed } from "./retry.ts";

/** Redirects of one request at most. */
export const MAXIMUM_REDIRECTS = 10;

/**
 * Where an answer leads; undefined if it is no redirect. A request with a body is sent again by 307 and 308
 * only, which keep its method (RFC 9110, section 15.4).
 * @throws {TryAgain} `SOURCE_MALFORMED`: it leads to no URL of HTTP.
 * @throws {SourceError} `SOURCE_UNSUPPORTED`: it leads from https to http.
 */
export function redirectTarget(answer: HttpAnswer, method: string): URL | undefined {
  const { status, url, display } = answer;
  const reads = method === "GET" || method === "HEAD";
  if (!(status === 307 || status === 308 || (reads && [301, 302, 303].includes(status)))) return undefined;
  const location = header(answer, "location");
  if (location === undefined || !URL.canParse(location, url)) {
    throw malformed(display, `answers HTTP ${status} without an address that it leads to`);
  }
  const target = new URL(location, url);
  if (target.protocol !== "http:" && target.protocol !== "https:") {
    throw malformed(display, `leads to an address of ${target.protocol}//, which is not HTTP`);
  }
  // Who may be sent elsewhere by a server must not be made to send a password there.
  target.username = "";
  target.password = "";
  target.hash = "";
  if (url.protocol === "https:" && target.protocol === "http:") {
    throw new SourceError(
      "SOURCE_UNSUPPORTED",
      `${display}: leads from https to ${withoutSecrets(target)}, which others can read and change: ask who runs the server`,
    );
  }
  return target;
}
