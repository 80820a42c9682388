/** What stays as it is in a segment of a path: `pchar` of RFC 3986, section 3.3. */
const OUTSIDE_SEGMENT = /[^A-Za-z0-9._~!$&'()*+,;=:@-]/g;

/** Percent-encodes a name for a path, and only what a path cannot contain. */
export function encodeSegment(name: Uint8Array): string {
  return Buffer.from(name).toString("latin1").replace(OUTSIDE_SEGMENT, percentEncode);
}

/**
 * The one spelling of a path: decoded names, encoded again. Two paths that differ only in needless
 * percent-encoding have the same.
 *
 * @param folder whether the path ends in a slash.
 */
export function canonicalPath(names: readonly Uint8Array[], folder: boolean): string {
  const path = names.map((name) => `/${encodeSegment(name)}`).join("");
  return folder ? `${path}/` : path;
}

/** The same path with a slash at its end, or without the one that it has. The root has no other form. */
export function otherSlash(path: string): string | undefined {
  if (path === "/") return undefined;
  return path.endsWith("/") ? path.slice(0, -1) : `${path}/`;
}

/**
 * Encodes what separates parts of a query or of a header field as well, so that a part of a request's path
 * adds no parameter there.
 */
export function encodeReserved(path: string): string {
  return path.replace(/[!$&'()*+,;=:@]/g, percentEncode);
}

/** Percent-encodes the UTF-8 bytes of a text. */
export function percentEncodeText(text: string): string {
  return Buffer.from(text).toString("latin1").replace(/./gs, percentEncode);
}

function percentEncode(byte: string): string {
  return `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
}
