import { homedir } from "node:os";
import { join } from "node:path";
import { SourceError } from "../../reader/source-error.ts";
import { isLoopback } from "../loopback.ts";
import type { Authorization } from "./client.ts";
import { readHeaderFile } from "./header-file.ts";
import { findNetrc, type NetrcEntry, NetrcSyntaxError } from "./netrc.ts";
import { readSmallFile } from "./small-file.ts";
import type { CredentialHint } from "./status.ts";
import { isPresigned } from "./version.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Bytes. */
const LARGEST_NETRC = 1_048_576;

/** The credentials for the server of an address: no other server gets them. */
export interface Credentials extends Authorization, CredentialHint {}

/**
 * Collects the credentials for an address. All headers of `headerFrom` are sent. If there is no
 * `Authorization` among them, `DOCTEUR_TOKEN` is sent as a bearer token (RFC 6750), over https or to this
 * machine itself; without it, login and password of the netrc file, `$NETRC` or `~/.netrc`.
 *
 * @throws {SourceError} `CREDENTIALS_UNREADABLE`. @throws the signal's reason.
 */
export async function credentialsFor(
  url: URL,
  headerFrom: string | undefined,
  env: Environment,
  signal?: AbortSignal,
): Promise<Credentials> {
  const headers = headerFrom === undefined ? {} : await readHeaderFile(headerFrom, signal);
  const token = env.DOCTEUR_TOKEN ?? "";
  const safe = url.protocol === "https:" || isLoopback(url.hostname);
  let hint = isPresigned(url)
    ? "the signature of the URL may have expired: get a new one"
    : "give --header-from FILE, DOCTEUR_TOKEN or a netrc file with the right ones";
  if (headers.authorization !== undefined) hint = "check the Authorization of --header-from";
  else if (token !== "" && safe) {
    headers.authorization = `Bearer ${checkedToken(token)}`;
    hint = "check DOCTEUR_TOKEN";
  } else {
    const entry = await readNetrc(url.hostname.replace(/^\[|\]$/g, ""), env, signal);
    if (entry !== undefined) {
      headers.authorization = `Basic ${Buffer.from(`${entry.login}:${entry.password}`).toString("base64")}`;
      hint = "check login and password of the netrc file";
    } else if (token !== "") hint = "DOCTEUR_TOKEN is sent over https only: use https";
  }
  return { origin: url.origin, headers: () => headers, hint };
}

function checkedToken(token: string): string {
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new SourceError(
    "CREDENTIALS_UNREADABLE",
    "DOCTEUR_TOKEN: this is no token: it has a space, a line end or a letter outside of ASCII in it",
  );
}

/** As for curl, the default file need not be there; one that `NETRC` names must. */
async function readNetrc(
  host: string,
  env: Environment,
  signal: AbortSignal | undefined,
): Promise<NetrcEntry | undefined> {
  const named = env.NETRC || undefined;
  const file = named ?? join(env.HOME || homedir(), ".netrc");
  let text: string;
  try {
    text = await readSmallFile(file, { maximum: LARGEST_NETRC, encoding: "utf8", signal });
  } catch (error) {
    signal?.throwIfAborted();
    if (named === undefined) return undefined;
    const { code } = error as NodeJS.ErrnoException;
    throw new SourceError("CREDENTIALS_UNREADABLE", `${file}: the netrc file cannot be read (${code})`, {
      cause: error,
    });
  }
  try {
    return findNetrc(text, host);
  } catch (error) {
    if (!(error instanceof NetrcSyntaxError)) throw error;
    const where = `line ${error.line} has a quote that is not closed`;
    throw new SourceError("CREDENTIALS_UNREADABLE", `${file}: the netrc file is malformed: ${where}`);
  }
}
