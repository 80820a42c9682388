import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { printable } from "../../reader/printable.ts";
import { type BindAddress, bind } from "./bind.ts";
import { PROMETHEUS_TYPE } from "./prometheus-text.ts";

/** What the server for operators answers from. */
export interface AdminOptions {
  /** The text of `/metrics`. */
  readonly metrics: () => string;
  /** Why the site is not served at this moment, in one line; undefined if it is. */
  readonly whyNotReady: () => string | undefined;
  /** Gets a line of text about what goes wrong. */
  readonly note?: (line: string) => void;
}

/** The server for operators. */
export interface Admin {
  /** Where it listens, as `Bound.published`. */
  readonly published: string;
  /** Ends it at once, with all of its connections. */
  close(): void;
}

const MAX_CONNECTIONS = 64;
const MAX_HEADER_SIZE = 8192;

/** Milliseconds for a request to arrive, and in which a client must take a response. */
const REQUEST_TIMEOUT = 5000;
/** Milliseconds between two requests on a connection: more than Prometheus leaves by default, a minute. */
const KEEP_ALIVE_TIMEOUT = 75_000;

const TEXT = "text/plain; charset=utf-8";

/**
 * Answers `/metrics` and `/healthz`, apart from the site, by HTTP/1.1.
 * @throws {DocteurError} those of `bind`.
 */
export async function startAdmin(address: BindAddress, options: AdminOptions): Promise<Admin> {
  const settings = {
    maxHeaderSize: MAX_HEADER_SIZE,
    headersTimeout: REQUEST_TIMEOUT,
    requestTimeout: REQUEST_TIMEOUT,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT,
    connectionsCheckingInterval: 1000,
  };
  const server = createServer(settings, (request, response) => {
    try {
      answer(request, response, options);
    } catch (error) {
      // What it answers from must not end the site.
      options.note?.(`${published}: ${request.method} ${printable(request.url ?? "")}: ${error}`);
      send(response, 500, "failed\n");
    }
  });
  server.maxConnections = MAX_CONNECTIONS;
  server.timeout = REQUEST_TIMEOUT;
  // Idle connections make way for the next client.
  server.on("drop", () => server.closeIdleConnections());
  const { published, unbind } = await bind(server, address, "--admin");
  server.on("error", (error) => options.note?.(`${published}: ${error.message}`));
  return {
    published,
    close: () => {
      unbind();
      server.closeAllConnections();
    },
  };
}

function answer(request: IncomingMessage, response: ServerResponse, options: AdminOptions): void {
  const { method, url = "" } = request;
  const [path] = url.split("?", 1);
  if (path !== "/metrics" && path !== "/healthz") {
    send(response, 404, "not found: there are /metrics and /healthz\n");
  } else if (method !== "GET" && method !== "HEAD") {
    response.setHeader("Allow", "GET, HEAD");
    send(response, 405, "only GET and HEAD are allowed\n");
  } else if (path === "/metrics") {
    send(response, 200, options.metrics(), PROMETHEUS_TYPE);
  } else {
    const why = options.whyNotReady();
    if (why === undefined) send(response, 200, "ok\n");
    else send(response, 503, `${why.replace(/\s+/g, " ").trim()}\n`);
  }
}

function send(response: ServerResponse, status: number, text: string, type = TEXT): void {
  const { method } = response.req;
  // The content of another method is not read.
  if (method !== "GET" && method !== "HEAD") response.shouldKeepAlive = false;
  const bytes = Buffer.from(text);
  response.writeHead(status, {
    "Content-Type": type,
    "Content-Length": bytes.length,
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
  });
  response.end(method === "HEAD" ? undefined : bytes);
}
