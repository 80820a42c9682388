import { isIPv6 } from "node:net";
import { domainToASCII } from "node:url";

/**
 * `uri-host [ ":" port ]` (RFC 3986, section 3.2.2); a name, an IPv4 address, or an IPv6 address in brackets.
 */
const AUTHORITY = /^(?:\[([0-9A-Fa-f:.]+)\]|((?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*))(?::\d*)?$/;

/**
 * The host in a `Host` field or a URI's authority, normalized so that equal hosts are equal texts: in lower
 * case, without port and trailing dot, an IPv6 address in its shortest form. Empty if the authority is empty;
 * undefined if it is malformed.
 */
export function hostOf(authority: string): string | undefined {
  const [, address, name] = AUTHORITY.exec(authority) ?? [];
  if (address !== undefined) {
    return isIPv6(address) ? new URL(`http://[${address}]/`).hostname : undefined;
  }
  if (name === "" && authority !== "") return undefined;
  return name?.toLowerCase().replace(/\.$/, "");
}

/**
 * Parses the host that a user names: a name, also one that is not ASCII, or an address, IPv6 with brackets or
 * without. A port is ignored.
 * @returns as `hostOf`; undefined if it names none.
 */
export function parseHostName(text: string): string | undefined {
  const isAscii = /^[\0-\x7f]*$/.test(text);
  const host = hostOf(isIPv6(text) ? `[${text}]` : isAscii ? text : domainToASCII(text));
  // A URI's host may have other characters, but the user then hardly means one host: it is a list or a
  // pattern.
  return host !== undefined && /^(\[.*\]|[a-z0-9._-]+)$/.test(host) ? host : undefined;
}

/** The authority of a request target in absolute form; undefined if it is in another form. */
export function authorityOf(target: string): string | undefined {
  return target.startsWith("/") ? undefined : /^https?:\/\/([^/?]*)/i.exec(target)?.[1];
}
