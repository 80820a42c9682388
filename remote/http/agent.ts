import { createSecureContext, type SecureContext } from "node:tls";
import type { Dispatcher } from "undici";
import { DocteurError } from "../../reader/errors.ts";
import { SourceError } from "../../reader/source-error.ts";
import { readTrusted } from "./trusted.ts";
import { EnvHttpProxyAgent, Pool } from "./undici.ts";

/** Connections to one server at once. */
const CONNECTIONS = 8;

/** Milliseconds that an idle connection is kept, where the server does not say it. */
const KEEP_ALIVE = 30_000;

type Environment = Readonly<Record<string, string | undefined>>;

export interface HttpAgentOptions {
  /** A file of certificates to trust beside those of the system. */
  readonly cacert: string | undefined;
  readonly env: Environment;
  /** Milliseconds without a byte after which a connection, or an answer, is given up. */
  readonly stall: number;
}

/** Connections to servers, kept between requests, and made through the proxies that the environment names. */
export class HttpAgent implements AsyncDisposable {
  readonly #options: HttpAgentOptions;
  readonly #dispatchers = new Map<string, Promise<Dispatcher>>();
  /** Ends the reading of files. */
  readonly #closed = new AbortController();

  constructor(options: HttpAgentOptions) {
    this.#options = options;
  }

  /**
   * What sends requests to this URL.
   * @throws {SourceError} `CREDENTIALS_UNREADABLE`: the file of certificates; `BAD_ADDRESS`: that of the proxy.
   */
  dispatcher(url: URL): Promise<Dispatcher> {
    const known = this.#dispatchers.get(url.protocol);
    if (known !== undefined) return known;
    const made = this.#make(url);
    this.#dispatchers.set(url.protocol, made);
    return made;
  }

  /** Ends all connections at once. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort(new DocteurError("ABORTED", "the source is closed"));
    const dispatchers = await Promise.allSettled(this.#dispatchers.values());
    this.#dispatchers.clear();
    await Promise.all(
      dispatchers.map((made) => (made.status === "fulfilled" ? made.value.destroy() : undefined)),
    );
  }

  async #make(url: URL): Promise<Dispatcher> {
    const { env, cacert, stall } = this.#options;
    const timeout = Math.min(10_000, stall);
    const secureContext: SecureContext | undefined =
      url.protocol === "https:" || proxyUri(url, env).startsWith("https:")
        ? createSecureContext({ ca: await readTrusted(cacert, env, this.#closed.signal) })
        : undefined;
    const connect = { timeout, ...(secureContext && { secureContext }) };
    const bounded = { connections: CONNECTIONS, keepAliveTimeout: KEEP_ALIVE };
    const proxy = proxyUri(url, env);
    return new EnvHttpProxyAgent({
      // One agent a protocol: this class would send https through the proxy of http.
      httpProxy: url.protocol === "http:" ? proxy : "",
      httpsProxy: url.protocol === "https:" ? proxy : "",
      noProxy: env.no_proxy ?? env.NO_PROXY ?? "",
      // Requests in clear text need no tunnel, which many proxies allow for https only.
      proxyTunnel: false,
      ...bounded,
      headersTimeout: stall,
      bodyTimeout: stall,
      connect,
      requestTls: connect,
      proxyTls: connect,
      factory: (origin: string | URL, options: object) => new Pool(origin, { ...options, ...bounded }),
    });
  }
}

/** The variable that names the proxy for a URL, and is set; `no_proxy` may except the URL. */
export function proxyVariable(url: URL, env: Environment): string | undefined {
  const own = url.protocol === "https:" ? ["https_proxy", "HTTPS_PROXY"] : ["http_proxy", "HTTP_PROXY"];
  return [...own, "all_proxy", "ALL_PROXY"].find((name) => (env[name] ?? "") !== "");
}

function proxyUri(url: URL, env: Environment): string {
  const name = proxyVariable(url, env);
  if (name === undefined) return "";
  const text = env[name]!;
  const uri = /^[a-z0-9]+:\/\//i.test(text) ? text : `http://${text}`;
  if (!URL.canParse(uri) || !/^(?:https?|socks5?):$/.test(new URL(uri).protocol)) {
    throw new SourceError("BAD_ADDRESS", `${name}: this is no address of a proxy: write http://HOST:PORT`);
  }
  // Undici takes neither a path, which means nothing here, nor a query; and no `%` that begins no escape.
  const { protocol, username, password, host } = new URL(uri);
  const user =
    username === "" && password === "" ? "" : `${username}:${password}@`.replace(/%(?![0-9a-f]{2})/gi, "%25");
  return `${protocol}//${user}${host}`;
}
