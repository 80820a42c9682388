import { resolve } from "node:path";
import { DocteurError } from "../../reader/errors.ts";
import { maskUserInfo, Secret } from "./secret.ts";

/**
 * The address of a source: of a repository elsewhere, or a path on this machine (a repository or a folder).
 */
export type Endpoint = RemoteEndpoint | LocalEndpoint;

export interface RemoteEndpoint {
  readonly kind: "remote";
  readonly transport: "ssh" | "https" | "http" | "git";
  /** For git's command line: without a password and, over HTTP, without a user. */
  readonly url: string;
  /** For people: the URL as it was given, without what stands before the host. */
  readonly display: string;
  readonly credentials?: Credentials;
}

/** User and password of a URL, kept apart from it so that they are never on a command line. */
export interface Credentials {
  /** The only server that gets them: `https://host:port`. */
  readonly origin: string;
  /** As secret as the password, as a token is often given as the user. */
  readonly user: Secret;
  /** Undefined when the URL names a user only; git then asks its credential helpers. */
  readonly password: Secret | undefined;
}

export interface LocalEndpoint {
  readonly kind: "local";
  /** Absolute path. */
  readonly path: string;
  readonly display: string;
}

const FORMS =
  "ssh://, https://, http://, git://, file://, relativize://, user@host:path, or a path to a repository or folder";

const AT_ELSEWHERE =
  "an @ is allowed only before the host; in a URL, write / ? # @ of a password as %2F %3F %23 %40, and @ of a path as %40";

/**
 * Parses REPOSITORY from the command line. Distinguishes URLs, `host:path` and paths as git does
 * (git-clone(1), "GIT URLS"): a colon before the first slash makes `host:path`, so a local name with a colon
 * in it is written `./a:b`. `relativize://folder` is relative to `folder`, the current one unless given.
 * @throws {DocteurError} `BAD_ENDPOINT`; the message never holds a password.
 */
export function parseEndpoint(text: string, currentFolder: string = process.cwd()): Endpoint {
  if (text === "") throw bad("it is empty", "");
  if (/[\0\r\n]/.test(text)) throw bad("it contains a line break or NUL", "");
  if (/^[a-z0-9]+::/i.test(text)) throw bad("git's remote helpers (helper::address) are not supported", text);
  const url = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/is.exec(text);
  if (url) return parseUrl(url[1]!.toLowerCase(), url[2]!, text, currentFolder);
  if (/^[^/]*:/.test(text)) return parseScpLike(text);
  return { kind: "local", path: resolve(currentFolder, text), display: text };
}

function parseUrl(scheme: string, rest: string, text: string, currentFolder: string): Endpoint {
  switch (scheme) {
    case "file":
      // As git and the original have it, `file://some/folder` means `/some/folder`; RFC 8089 adds
      // `localhost`.
      return {
        kind: "local",
        path: resolve("/", localPath(rest.replace(/^localhost(?=\/)/, ""), text)),
        display: text,
      };
    case "relativize":
      return {
        kind: "local",
        path: resolve(currentFolder, localPath(rest.replace(/^\/+/, ""), text)),
        display: text,
      };
    case "ssh":
    case "git":
    case "http":
    case "https":
      return parseRemote(scheme, rest);
    default:
      throw bad(`unknown scheme ${scheme}://; docteur accepts ${FORMS}`, "");
  }
}

function localPath(encoded: string, text: string): string {
  if (encoded === "") throw bad("the path after the scheme is missing", text);
  const path = percentDecode(encoded, "path");
  if (path.includes("\0")) throw bad("the path contains NUL", text);
  return path;
}

function parseRemote(transport: RemoteEndpoint["transport"], rest: string): RemoteEndpoint {
  const slash = rest.search(/[/?#]/);
  const authority = slash < 0 ? rest : rest.slice(0, slash);
  const path = slash < 0 ? "" : rest.slice(slash);
  // Otherwise the host may be a part of a password, which a name server would get.
  if (path.includes("@")) throw bad(AT_ELSEWHERE, `${transport}://${rest}`);
  // The last @ separates: a careless password may contain one.
  const at = authority.lastIndexOf("@");
  const host = authority.slice(at + 1);
  const [, user, password] = at < 0 ? [] : /^([^:]*)(?::(.*))?$/s.exec(authority.slice(0, at))!;
  const clean = `${transport}://${host}${path}`;
  checkHost(host, clean);
  if (path === "" || path === "/") throw bad("the path after the host is missing", clean);
  if (transport === "ssh" || transport === "git") {
    if (password !== undefined) {
      throw bad(`${transport}:// URLs have no password; leave it out and use a key`, clean);
    }
    if (user?.includes("@")) throw bad(AT_ELSEWHERE, `${transport}://${rest}`);
    if (transport === "git" && user !== undefined) throw bad("git:// URLs have no user", clean);
    const url = user === undefined ? clean : `${transport}://${user}@${host}${path}`;
    return { kind: "remote", transport, url, display: maskUserInfo(url) };
  }
  if (user === undefined) return { kind: "remote", transport, url: clean, display: clean };
  const credentials = {
    origin: `${transport}://${host}`,
    user: new Secret(credential(user, "user", clean), user),
    password:
      password === undefined ? undefined : new Secret(credential(password, "password", clean), password),
  };
  const display = maskUserInfo(`${transport}://${user}@${host}${path}`);
  return { kind: "remote", transport, url: clean, display, credentials };
}

/**
 * A line break would let a value write lines of its own into git's credential protocol (git-credential(1)).
 */
function credential(encoded: string, what: string, clean: string): string {
  const value = percentDecode(encoded, what);
  if (/[\0\r\n]/.test(value)) throw bad(`the ${what} in the URL contains a line break or NUL`, clean);
  return value;
}

function parseScpLike(text: string): RemoteEndpoint {
  const parts = /^(?:([^@:[\]]*)@)?(\[[^\]]*\]|[^:]*):(.*)$/s.exec(text);
  if (!parts) throw bad(`not an address; docteur accepts ${FORMS}`, text);
  const [, user, host, path] = parts as unknown as [string, string | undefined, string, string];
  if (/^(https?|ftps?|file|relativize)$/i.test(host)) {
    throw bad(`a URL has two slashes after its scheme, ${host.toLowerCase()}://`, text);
  }
  if (host.includes("@") || path.includes("@")) throw bad(AT_ELSEWHERE, text);
  if (user?.startsWith("-")) throw bad("the user starts with a dash", text);
  checkHost(host, text);
  if (path === "") throw bad("the path after the colon is missing", text);
  return { kind: "remote", transport: "ssh", url: text, display: maskUserInfo(text) };
}

function checkHost(host: string, shown: string): void {
  if (host === "" || host.startsWith(":")) throw bad("the host is missing", shown);
  // ssh and others would parse such a host as an option.
  if (host.startsWith("-")) throw bad("the host starts with a dash", shown);
  if (!/^(\[[0-9a-f:.%\w]+\]|[^\s[\]:@]+)(:\d{1,5})?$/i.test(host)) throw bad("the host is malformed", shown);
}

function percentDecode(text: string, what: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    // Not quoted: it may be a password.
    throw new DocteurError(
      "BAD_ENDPOINT",
      `bad repository: the ${what} has a malformed percent escape (write % as %25)`,
      {
        cause: (cause as Error).name,
      },
    );
  }
}

function bad(what: string, shown: string): DocteurError {
  return new DocteurError(
    "BAD_ENDPOINT",
    `bad repository${shown === "" ? "" : ` ${JSON.stringify(maskUserInfo(shown))}`}: ${what}`,
  );
}
