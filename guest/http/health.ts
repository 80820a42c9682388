import { createServer, type Server } from "node:http";

const MAX_CONNECTIONS = 16;
const MAX_HEADER_SIZE = 8192;

/** Milliseconds for a request to arrive, and in which a client must take a response. */
const TIMEOUT = 5000;

const FIELDS = {
  "Content-Type": "text/plain; charset=utf-8",
  "Cache-Control": "no-store",
  "X-Content-Type-Options": "nosniff",
  Connection: "close",
};

/**
 * Answers `/healthz`, apart from the site, as the host does for `docteur run --admin`: 200 as long as the site is served.
 * There is nothing else.
 */
export function makeHealthServer(): Server {
  const server = createServer(
    { maxHeaderSize: MAX_HEADER_SIZE, headersTimeout: TIMEOUT, requestTimeout: TIMEOUT },
    ({ method, url = "" }, response) => {
      const isHealth = url.split("?", 1)[0] === "/healthz";
      const isRead = method === "GET" || method === "HEAD";
      const [status, text] = !isHealth
        ? [404, "not found: there is /healthz\n"]
        : isRead
          ? [200, "ok\n"]
          : [405, "only GET and HEAD are allowed\n"];
      if (status === 405) response.setHeader("Allow", "GET, HEAD");
      response.writeHead(status, { ...FIELDS, "Content-Length": text.length });
      response.end(method === "HEAD" ? undefined : text);
    },
  );
  server.maxConnections = MAX_CONNECTIONS;
  server.timeout = TIMEOUT;
  return server;
}
