import { SourceError } from "../../reader/source-error.ts";
import { readBody } from "../http/answer.ts";
import type { HttpClient, HttpRequest } from "../http/client.ts";
import { OPENING_ATTEMPTS } from "../http/retry.ts";
import { requireStatus } from "../http/status.ts";
import { isLoopback } from "../loopback.ts";
import type { Challenge } from "./challenge.ts";
import type { Credentials } from "./credentials.ts";
import { parseJson, textOf } from "./json.ts";

/** Bytes of an answer with a token. */
const LARGEST_ANSWER = 1024 * 1024;

/** Seconds that a token is good for, if its server does not say (distribution, "Token Authentication"). */
const DEFAULT_LIFE = 60;

/** Seconds before its end from which on a token is not used. */
const MARGIN = 10;

/** The name that a client has with a server of tokens. */
const CLIENT = "docteur";

/** What lets a client do things with a repository for a while. */
export interface Token {
  /** The value of `Authorization`. */
  readonly authorization: string;
  /** By `performance.now()`. */
  readonly end: number;
}

export interface TokenOptions {
  readonly client: HttpClient;
  readonly credentials: Credentials | undefined;
  /** What is to be done, such as `repository:NAME:pull`. */
  readonly scope: string;
  /** What messages call the artifact. */
  readonly display: string;
  /** What a user who gets no token may do. */
  readonly hint: string;
  /**
   * Which servers may be asked without TLS, too: those of this machine, if its registry has sent there; all, if
   * the user says so.
   */
  readonly plainHttp: "none" | "loopback" | "all";
}

/**
 * Asks the server that a challenge names for a token (distribution, "Token Authentication Specification", and
 * "OAuth 2" for a user who has an identity token). That server gets the credentials, as the protocol has it.
 *
 * @throws {SourceError} `SOURCE_DENIED`, `SOURCE_MALFORMED`, and what `HttpClient.exchange` throws.
 */
export async function requestToken(challenge: Challenge, options: TokenOptions): Promise<Token> {
  const realm = realmOf(challenge, options);
  const { client, display, hint } = options;
  const shown = `${display} (token from ${realm.host})`;
  const begun = performance.now();
  const request = { ...tokenRequest(realm, challenge, options), display: shown, attempts: OPENING_ATTEMPTS };
  const body = await client.exchange(request, async (answer) => {
    requireStatus(answer, [200], { hint });
    return await readBody(answer, LARGEST_ANSWER);
  });
  const { token, access_token, expires_in } = parseJson(body) ?? {};
  const found = textOf(token) ?? textOf(access_token);
  // It becomes the value of a header.
  if (found === undefined || !/^[\x21-\x7e]+$/.test(found)) {
    throw new SourceError("SOURCE_MALFORMED", `${shown}: the answer has no token: ask who runs the registry`);
  }
  const life = typeof expires_in === "number" && expires_in > 0 ? expires_in : DEFAULT_LIFE;
  return { authorization: `Bearer ${found}`, end: begun + Math.max(life - MARGIN, life / 2) * 1000 };
}

function realmOf({ parameters }: Challenge, { display, plainHttp }: TokenOptions): URL {
  const realm = parameters.get("realm") ?? "";
  const url = URL.canParse(realm) ? new URL(realm) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== "" || url.password !== "") {
    const what = "the registry wants a token, and names no server that has one: ask who runs it";
    throw new SourceError("SOURCE_MALFORMED", `${display}: ${what}`);
  }
  if (
    url.protocol === "http:" &&
    !(plainHttp === "all" || (plainHttp === "loopback" && isLoopback(url.hostname)))
  ) {
    const what = `the registry sends for a token to ${url.host} without TLS, where others see the password`;
    throw new SourceError("SOURCE_DENIED", `${display}: ${what}: give --plain-http if that is meant`);
  }
  return url;
}

function tokenRequest(
  realm: URL,
  { parameters }: Challenge,
  { credentials, scope }: TokenOptions,
): Pick<HttpRequest, "method" | "url" | "headers" | "authorization" | "body" | "isSecret"> {
  const service = parameters.get("service");
  const given = { ...(service !== undefined && { service }), scope };
  const refreshToken = credentials?.refreshToken;
  if (refreshToken !== undefined) {
    const form = new URLSearchParams({
      grant_type: "refresh_token",
      client_id: CLIENT,
      refresh_token: refreshToken,
      ...given,
    });
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    return { method: "POST", url: realm, headers, body: Buffer.from(form.toString()), isSecret: true };
  }
  const url = new URL(realm);
  for (const [name, value] of Object.entries(given)) url.searchParams.append(name, value);
  const basic = credentials?.basic;
  const headers = (): Record<string, string> => (basic === undefined ? {} : { authorization: basic });
  return { url, authorization: { origin: realm.origin, headers } };
}
