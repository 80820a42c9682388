import { STATUS_CODES } from "node:http";
import { SourceError } from "../../reader/source-error.ts";
import { type HttpAnswer, header } from "./answer.ts";
import { malformed, retryAfter, TryAgain } from "./retry.ts";

/** Where a user who is refused may give credentials. */
export interface CredentialHint {
  /** Such as `give --header-from FILE`. */
  readonly hint: string;
}

/**
 * Requires one of these statuses.
 * @throws {TryAgain} the server is busy or fails: 408, 425, 429 and 5xx.
 * @throws {SourceError} `SOURCE_DENIED` for 401, 403 and 407, `SOURCE_NOT_FOUND` for 404 and 410,
 *   `SOURCE_UNSUPPORTED` for other statuses from 400 on.
 */
export function requireStatus(
  answer: HttpAnswer,
  expected: readonly number[],
  credentials?: CredentialHint,
): void {
  const { status, display } = answer;
  if (expected.includes(status)) return;
  const name = `HTTP ${status}${STATUS_CODES[status] === undefined ? "" : ` ${STATUS_CODES[status]}`}`;
  if (status === 401 || status === 403) {
    const hint = answer.elsewhere
      ? "credentials go to the server of the address only: give the address that it leads to, or ask who runs it"
      : (credentials?.hint ?? "check the credentials");
    throw new SourceError("SOURCE_DENIED", `${display}: access is refused (${name}): ${hint}`);
  }
  if (status === 407) {
    throw new SourceError(
      "SOURCE_DENIED",
      `${display}: the proxy asks for a password (${name}): check HTTPS_PROXY and HTTP_PROXY`,
    );
  }
  if (status === 404 || status === 410) {
    throw new SourceError(
      "SOURCE_NOT_FOUND",
      `${display}: there is nothing at this address (${name}): check it`,
    );
  }
  if ([408, 425, 429].includes(status) || (status >= 500 && status !== 501 && status !== 505)) {
    // At once, it would be asked again and again: what does not ask for time gets that of any failure.
    const wait = retryAfter(header(answer, "retry-after")) || undefined;
    const when = wait === undefined ? "later" : `in ${Math.ceil(wait / 1000)} s, as the server asks for`;
    throw new TryAgain(
      new SourceError(
        "SOURCE_UNREACHABLE",
        `${display}: the server is busy or fails (${name}): try again ${when}`,
      ),
      { wait },
    );
  }
  if (status >= 400) {
    throw new SourceError(
      "SOURCE_UNSUPPORTED",
      `${display}: the server refuses the request (${name}): check the address`,
    );
  }
  throw malformed(display, `answers ${name}, which is no answer to this request`);
}
