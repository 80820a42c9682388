import { SourceError } from "../../reader/source-error.ts";
import { malformed, TryAgain } from "./retry.ts";

const CUT = "the connection was cut";
const SILENT = "the server sends nothing";

/** What failed while a connection was made or used, and may go better next time. By Node's or undici's code. */
const PASSING: Readonly<Record<string, string>> = {
  ECONNREFUSED: "the server takes no connections: check the address, and that it runs",
  EHOSTUNREACH: "no way leads to the server: check the network",
  ENETUNREACH: "no way leads to the server: check the network",
  ENETDOWN: "no way leads to the server: check the network",
  EADDRNOTAVAIL: "no way leads to the server: check the network",
  EAI_AGAIN: "the name of the server cannot be looked up now: check the network",
  ECONNRESET: CUT,
  ECONNABORTED: CUT,
  EPIPE: CUT,
  UND_ERR_SOCKET: CUT,
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: CUT,
  UND_ERR_INFO: CUT,
  UND_ERR_ABORTED: CUT,
  ABORT_ERR: CUT,
  ETIMEDOUT: SILENT,
  UND_ERR_CONNECT_TIMEOUT: SILENT,
  UND_ERR_HEADERS_TIMEOUT: SILENT,
  UND_ERR_BODY_TIMEOUT: SILENT,
  EMFILE: "this process has too many open files: raise `ulimit -n`",
};

/** What stays as it is when it is tried again. */
const LASTING: Readonly<Record<string, string>> = {
  ENOTFOUND: "the name of the server is not known: check the address, and the network",
  ENODATA: "the name of the server is not known: check the address, and the network",
  EACCES: "this machine forbids the connection: check its firewall",
  EPERM: "this machine forbids the connection: check its firewall",
  CERT_HAS_EXPIRED: "the server's certificate has expired: ask who runs it, and check this machine's clock",
  CERT_NOT_YET_VALID: "the server's certificate is not valid yet: check this machine's clock",
  ERR_TLS_CERT_ALTNAME_INVALID: "the server's certificate is for another name: check the address",
  UND_ERR_PRX_TLS: "the proxy's certificate is for another name: check HTTPS_PROXY and HTTP_PROXY",
};

/** Codes of OpenSSL for a chain of certificates that ends in none that is trusted. */
const UNTRUSTED =
  /^(?:DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_(?:VERIFY_LEAF_SIGNATURE|GET_ISSUER_CERT(?:_LOCALLY)?)|CERT_UNTRUSTED|CERT_SIGNATURE_FAILURE|INVALID_CA)$/;

/**
 * Turns an error of the network, TLS or the HTTP client into one for a user: a `TryAgain` where another
 * attempt may help. Anything else is returned as it is. No message of the error's own is passed on.
 *
 * @param proxy the variable that names the proxy, where there is one.
 */
export function networkError(error: unknown, display: string, proxy: string | undefined): unknown {
  if (error instanceof TryAgain || error instanceof SourceError) return error;
  const code = codeOf(error);
  if (code === undefined) return error;
  const through = proxy === undefined ? "" : ` (${proxy} is set: check it, too)`;
  const failed = (what: string, kind: "SOURCE_UNREACHABLE" | "SOURCE_TIMEOUT" = "SOURCE_UNREACHABLE") =>
    new SourceError(kind, `${display}: ${what}${through}`, { cause: error });

  const message = (error as Error).message;
  if (/^Proxy (?:response|Authentication)/i.test(message)) {
    const status = /\((\d{3})\)/.exec(message)?.[1];
    const what = `the proxy refuses to connect (HTTP ${status}): check ${proxy ?? "HTTPS_PROXY"}`;
    const reason = new SourceError("SOURCE_UNREACHABLE", `${display}: ${what}`, { cause: error });
    return Number(status) >= 500 ? new TryAgain(reason) : reason;
  }
  if (PASSING[code] === SILENT) return new TryAgain(failed(`${SILENT}: try again later`, "SOURCE_TIMEOUT"));
  if (PASSING[code] === CUT) return new TryAgain(failed(`${CUT}: try again later`));
  if (PASSING[code] !== undefined) return new TryAgain(failed(PASSING[code]));
  if (LASTING[code] !== undefined) return failed(LASTING[code]);
  if (UNTRUSTED.test(code)) {
    return failed(
      `the server's certificate is signed by no one that is trusted (${code}): give --cacert FILE`,
    );
  }
  if (/^(?:ERR_SSL_|EPROTO$|ERR_TLS_)/.test(code)) {
    return failed(
      `the server and docteur agree on no TLS (${code}): check whether it takes https at this port`,
    );
  }
  if (/^(?:HPE_|UND_ERR_HEADERS_OVERFLOW$)/.test(code)) {
    return malformed(display, `answers something other than HTTP (${code})`, { cause: error });
  }
  if (/^(?:CERT_|CRL_|UND_ERR_SOCKS5|[A-Z_]*CERT[A-Z_]*$)/.test(code))
    return failed(`the connection failed (${code})`);
  return error;
}

/** The code of an error; of the first one where several addresses of a name were tried. */
function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code } = error as NodeJS.ErrnoException;
  // Its code is that of the parser, if that has one.
  if (error.name === "HTTPParserError") return code ?? "HPE_UNKNOWN";
  if (typeof code === "string" && (!(error instanceof AggregateError) || code in PASSING || code in LASTING))
    return code;
  return error instanceof AggregateError ? codeOf(error.errors[0]) : undefined;
}
