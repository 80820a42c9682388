import { encodeReserved, percentEncodeText } from "./canonical-path.ts";
import type { Captures } from "./path-pattern.ts";
import { expand, parseTemplate, type Template } from "./template.ts";

/** The most characters of a location, as many as a request may have. */
const MAX_LOCATION = 8 * 1024;

/** Where a rule leads to. */
export interface Location {
  /** `https://host`, or empty for this server. */
  readonly origin: string;
  readonly path: Template;
  /** With its `?`; undefined if there is none, so that the request's query goes along. */
  readonly query: Template | undefined;
  /** With its `#`, or empty. */
  readonly fragment: Template;
}

/**
 * Parses a path of this server, or a URL. The host of a URL contains no placeholder: otherwise a request
 * could choose it.
 *
 * @param names the placeholders of the pattern.
 * @returns a text that says what is wrong.
 */
export function parseLocation(text: string, names: ReadonlySet<string>): Location | string {
  const [, scheme, authority, rest] = /^(https?:\/\/)([^/?#]*)(.*)$/is.exec(text) ?? [];
  if (scheme === undefined) {
    if (/^[/\\]{2}/.test(text)) return "write the target as https://HOST/PATH instead of //HOST/PATH";
    return text.startsWith("/")
      ? parseRest("", text, names)
      : "the target must begin with a slash, https:// or http://";
  }
  if (authority!.includes("@")) return "the target must contain no user name and no password";
  if (/:[A-Za-z]/.test(authority!.replace(/^\[[^\]]*\]/, ""))) {
    return "a placeholder in the host of the target is not supported";
  }
  const url = URL.canParse(scheme + authority) ? new URL(scheme + authority) : undefined;
  if (url === undefined || url.pathname !== "/") return "the host of the target is malformed";
  return parseRest(url.origin, rest!.startsWith("/") ? rest! : `/${rest}`, names);
}

/** A location for a match. @returns undefined if it is longer than a server accepts. */
export function locationOf(location: Location, captures: Captures, requestQuery: string): string | undefined {
  const path = expand(location.path, captures, MAX_LOCATION);
  const query =
    location.query === undefined
      ? requestQuery
      : expand(location.query, captures, MAX_LOCATION, encodeReserved);
  const fragment = expand(location.fragment, captures, MAX_LOCATION, encodeReserved);
  if (path === undefined || query === undefined || fragment === undefined) return undefined;
  // An empty placeholder may leave two slashes at the start, which would name a host.
  const result = location.origin + path.replace(/^\/+/, "/") + query + fragment;
  return result.length > MAX_LOCATION ? undefined : result;
}

function parseRest(origin: string, text: string, names: ReadonlySet<string>): Location {
  const [, path, query, fragment] = /^([^?#]*)(\?[^#]*)?(#.*)?$/s.exec(text)!;
  return {
    origin,
    path: parseTemplate(path!, names, (literal) => encodeLiteral(literal, false)),
    query: query === undefined ? undefined : parseTemplate(query, names, (each) => encodeLiteral(each, true)),
    fragment: parseTemplate(fragment ?? "", names, (each) => encodeLiteral(each, true)),
  };
}

/** Encodes what a URL cannot contain (RFC 3986, appendix A), and leaves what is encoded. */
function encodeLiteral(text: string, isAfterPath: boolean): string {
  const outside = isAfterPath
    ? /%[0-9A-Fa-f]{2}|^#|[^A-Za-z0-9._~!$&'()*+,;=:@/?-]/gu
    : /%[0-9A-Fa-f]{2}|[^A-Za-z0-9._~!$&'()*+,;=:@/-]/gu;
  return text.replace(outside, (found) =>
    found === "#" || /^%../.test(found) ? found : percentEncodeText(found),
  );
}
