import type { IncomingMessage } from "node:http";
import { authorityOf, hostOf } from "./host.ts";

/** The most header fields of a request; the response to one with more is 431. */
export const MAX_HEADER_FIELDS = 100;

/** Finds faults of requests, whatever their target is (RFC 9110, 9112). */
export class RequestCheck {
  readonly #hosts: ReadonlySet<string> | undefined;
  /** The last `Host` without a fault; most requests have the same. */
  #goodHost: string | undefined;

  /** @param hosts those that are served, as `hostOf` spells them; undefined for all. */
  constructor(hosts: ReadonlySet<string> | undefined) {
    this.#hosts = hosts;
  }

  /** The status of the response to a faulty request; undefined if there is no fault. */
  fault({ headers, rawHeaders, httpVersionMajor, httpVersionMinor, url = "" }: IncomingMessage) {
    if (httpVersionMajor !== 1) return 505;
    if (rawHeaders.length > 2 * MAX_HEADER_FIELDS) return 431;
    const coding = headers["transfer-encoding"];
    const codingFault = coding === undefined ? undefined : faultOfCoding(coding, httpVersionMinor);
    if (codingFault !== undefined) return codingFault;
    const { host, expect } = headers;
    if (host === undefined ? httpVersionMinor > 0 : hasManyHosts(rawHeaders)) return 400;
    const hostFault = this.#faultOfHost(host ?? "", url);
    if (hostFault !== undefined) return hostFault;
    const isMet = expect === undefined || httpVersionMinor === 0 || /^100-continue$/i.test(expect);
    return isMet ? undefined : 417;
  }

  /**
   * A host in the target takes precedence; the field must be well-formed all the same (RFC 9112, section
   * 3.2.2).
   */
  #faultOfHost(field: string, url: string): 400 | 421 | undefined {
    const authority = authorityOf(url);
    if (authority === undefined && field === this.#goodHost) return undefined;
    const named = hostOf(field);
    const host = authority === undefined ? named : hostOf(authority);
    if (named === undefined || host === undefined) return 400;
    if (this.#hosts?.has(host) === false) return 421;
    if (authority === undefined) this.#goodHost = field;
    return undefined;
  }
}

/**
 * Only `chunked` is supported. If it is not the last coding, the end of the content is unknown. HTTP/1.0 has
 * no such field (RFC 9112, sections 6.1 and 6.3).
 */
function faultOfCoding(codings: string, minorVersion: number): 400 | 501 | undefined {
  const list = codings.split(",").map((coding) => coding.trim().toLowerCase());
  if (minorVersion === 0 || list.at(-1) !== "chunked" || list.indexOf("chunked") < list.length - 1)
    return 400;
  return list.length > 1 ? 501 : undefined;
}

/** Node keeps the first of several fields; a request must not have several (RFC 9112, section 3.2). */
function hasManyHosts(rawHeaders: readonly string[]): boolean {
  let hosts = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]!.length === 4 && rawHeaders[i]!.toLowerCase() === "host") hosts++;
  }
  return hosts > 1;
}
