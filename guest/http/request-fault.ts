import type { IncomingMessage } from "node:http";
import { authorityOf, hostOf } from "./host.ts";

/** Header fields of a request; one with more is answered with 431. */
export const MAX_HEADER_FIELDS = 100;

/**
 * What is wrong with a request whatever it asks for (RFC 9110, 9112), as the status that says so; undefined if nothing is.
 *
 * @param hosts those that are answered for, as `hostOf` spells them; undefined for all.
 */
export function requestFault(
  request: IncomingMessage,
  hosts: ReadonlySet<string> | undefined,
): number | undefined {
  const { headers, rawHeaders, httpVersionMajor, httpVersionMinor } = request;
  if (httpVersionMajor !== 1) return 505;
  if (rawHeaders.length > 2 * MAX_HEADER_FIELDS) return 431;
  const coding = headers["transfer-encoding"];
  if (coding !== undefined) {
    const fault = codingFault(coding, httpVersionMinor);
    if (fault !== undefined) return fault;
  }
  if (headers.host === undefined ? httpVersionMinor > 0 : hasManyHosts(rawHeaders)) return 400;
  // Where the target names a host, that is the one (RFC 9112, section 3.2.2); the field must be well-formed all the same.
  const named = hostOf(headers.host ?? "");
  const authority = authorityOf(request.url ?? "");
  const host = authority === undefined ? named : hostOf(authority);
  if (named === undefined || host === undefined) return 400;
  if (hosts !== undefined && !hosts.has(host)) return 421;
  if (headers.expect !== undefined && httpVersionMinor > 0 && !/^100-continue$/i.test(headers.expect)) {
    return 417;
  }
  return undefined;
}

/**
 * Only `chunked` is understood. Where it is not the last coding, nobody can tell where the content ends, and HTTP/1.0 has no
 * such field (RFC 9112, sections 6.1 and 6.3).
 */
function codingFault(codings: string, minorVersion: number): number | undefined {
  const list = codings.split(",").map((coding) => coding.trim().toLowerCase());
  if (minorVersion === 0 || list.at(-1) !== "chunked" || list.indexOf("chunked") < list.length - 1)
    return 400;
  return list.length > 1 ? 501 : undefined;
}

/** Node keeps the first of several; which one was meant, nobody knows (RFC 9112, section 3.2). */
function hasManyHosts(rawHeaders: readonly string[]): boolean {
  let hosts = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]!.length === 4 && rawHeaders[i]!.toLowerCase() === "host") hosts++;
  }
  return hosts > 1;
}
