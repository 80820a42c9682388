import test from "ava";
import { SourceError } from "../../../reader/source-error.ts";
import { networkError } from "../../../remote/http/network-error.ts";
import { TryAgain } from "../../../remote/http/retry.ts";

function failure(code: string, message = "with hidden parts"): Error {
  return Object.assign(new Error(message), { code });
}

for (const [code, kind, message] of [
  ["ENOTFOUND", "SOURCE_UNREACHABLE", /the name of the server is not known: check the address/],
  ["EACCES", "SOURCE_UNREACHABLE", /this machine forbids the connection/],
  ["CERT_HAS_EXPIRED", "SOURCE_UNREACHABLE", /has expired/],
  ["SELF_SIGNED_CERT_IN_CHAIN", "SOURCE_UNREACHABLE", /give --cacert FILE/],
  ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "SOURCE_UNREACHABLE", /give --cacert FILE/],
  ["CERT_REVOKED", "SOURCE_UNREACHABLE", /the connection failed \(CERT_REVOKED\)/],
  ["ERR_SSL_WRONG_VERSION_NUMBER", "SOURCE_UNREACHABLE", /agree on no TLS/],
] as const) {
  test(`${code} is an error at once`, (t) => {
    const error = networkError(failure(code), "x", undefined);
    t.true(error instanceof SourceError);
    t.is((error as SourceError).code, kind);
    t.regex((error as SourceError).message, message);
    t.false((error as SourceError).message.includes("hidden"));
  });
}

for (const [code, kind, message] of [
  [
    "EAI_AGAIN",
    "SOURCE_UNREACHABLE",
    /^x: the name of the server cannot be looked up now: check the network$/,
  ],
  ["ENETUNREACH", "SOURCE_UNREACHABLE", /no way leads to the server/],
  ["ETIMEDOUT", "SOURCE_TIMEOUT", /the server sends nothing/],
  ["UND_ERR_CONNECT_TIMEOUT", "SOURCE_TIMEOUT", /the server sends nothing/],
  ["ECONNRESET", "SOURCE_UNREACHABLE", /the connection was cut/],
  ["UND_ERR_SOCKET", "SOURCE_UNREACHABLE", /the connection was cut/],
  ["HPE_INVALID_CONSTANT", "SOURCE_MALFORMED", /something other than HTTP/],
] as const) {
  test(`${code} is tried again`, (t) => {
    const error = networkError(failure(code), "x", undefined);
    t.true(error instanceof TryAgain);
    t.is((error as TryAgain).reason.code, kind);
    t.regex((error as TryAgain).reason.message, message);
    t.false((error as TryAgain).message.includes("hidden"));
  });
}

test("of several addresses of a name, the first one's failure counts", (t) => {
  const several = new AggregateError([failure("EHOSTUNREACH"), failure("ECONNREFUSED")]);
  const error = networkError(several, "x", "https_proxy") as TryAgain;
  t.is(
    error.reason.message,
    "x: no way leads to the server: check the network (https_proxy is set: check it, too)",
  );
});

test("a defect stays what it is", (t) => {
  for (const error of [
    new TypeError("a defect"),
    failure("UND_ERR_INVALID_ARG"),
    failure("ERR_INVALID_URL"),
    "text",
    undefined,
  ]) {
    t.is(networkError(error, "x", undefined), error);
  }
});
