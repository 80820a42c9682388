/**
 * Fields that only the server can set. Those of the connection and of the message's length would let a
 * client and a proxy see different messages (RFC 9110, section 7.6.1; RFC 9112, section 6); the others say
 * what the content is, which the server knows.
 */
const OF_THE_SERVER: ReadonlySet<string> = new Set([
  ...["connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"],
  ...["proxy-authenticate", "proxy-authentication-info", "http2-settings", "content-length", "date", "age"],
  ...["content-encoding", "content-range", "accept-ranges", "etag", "last-modified", "vary", "allow"],
  ...["location", "content-md5", "digest", "content-digest", "repr-digest", "host"],
]);

/** Fields by which an answer commands the proxy before it, such as to send another file. */
const OF_PROXIES = /^(x-accel-.*|x-sendfile|x-lighttpd-send-file|x-reproxy-url)$/;

/** Why a `_headers` file must not set or remove a field, as a text; undefined if it may. */
export function refusalOf(name: string): string | undefined {
  const lower = name.toLowerCase();
  // A `token` of RFC 9110, section 5.6.2.
  if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(lower)) return "the name of the field is malformed";
  if (lower === "basic-auth") return "Basic-Auth is not supported: the server asks for no password here";
  if (OF_THE_SERVER.has(lower)) return `the server alone sets ${name}`;
  if (OF_PROXIES.test(lower)) return `${name} commands a proxy, and is not sent`;
  return undefined;
}
