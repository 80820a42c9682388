import { createServer, type RequestListener, type Server, STATUS_CODES } from "node:http";
import type { AddressInfo } from "node:net";
import { DocteurError } from "../errors.ts";
import type { Port } from "../unikernel.ts";

/** Bytes of a request's line and header fields together; one with more is answered with 431. */
const MAX_HEADER_SIZE = 8 * 1024;

/** Milliseconds in which a request must have come whole. */
const REQUEST_TIMEOUT = 10_000;

/** Milliseconds that a connection may wait for its next request. */
const KEEP_ALIVE_TIMEOUT = 60_000;

/** Milliseconds in which a client must take at least some of an answer. */
const SILENCE_TIMEOUT = 30_000;

/** Milliseconds between two looks at who takes too long. */
const CHECKING_INTERVAL = 2000;

/** Connections at once; more are closed again. */
const MAX_CONNECTIONS = 2048;

/** Milliseconds that answers may still take when the server is to end: less than whoever ends it waits. */
const GRACE = 500;

/** A server that bounds what its clients can make it wait for and hold. */
export function boundedServer(listener: RequestListener): Server {
  const server = createServer(
    {
      maxHeaderSize: MAX_HEADER_SIZE,
      headersTimeout: REQUEST_TIMEOUT,
      requestTimeout: REQUEST_TIMEOUT,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT,
      connectionsCheckingInterval: CHECKING_INTERVAL,
    },
    listener,
  );
  server.maxConnections = MAX_CONNECTIONS;
  server.timeout = SILENCE_TIMEOUT;
  // Node would close the connection without a word.
  server.on("connect", (_, socket) => {
    socket.end(`HTTP/1.1 405 ${STATUS_CODES[405]}\r\nAllow: GET, HEAD, OPTIONS\r\nConnection: close\r\n\r\n`);
  });
  return server;
}

/**
 * Has a server listen.
 * @returns the number of the port, also where any was asked for.
 * @throws {DocteurError} `PORT_TAKEN`, `PORT_FORBIDDEN`, `ADDRESS_UNKNOWN`.
 */
export function listen(server: Server, { address, port }: Port): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) => reject(explain(error, `${address}:${port}`)));
    server.listen({ host: address, port, backlog: MAX_CONNECTIONS }, () =>
      resolve((server.address() as AddressInfo).port),
    );
  });
}

/** Ends a server: at once where nothing is being answered. What is not done in time is cut short. */
export async function close(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeIdleConnections();
  let limit: NodeJS.Timeout | undefined;
  const late = new Promise((resolve) => {
    limit = setTimeout(resolve, GRACE);
  });
  await Promise.race([closed, late]);
  clearTimeout(limit);
  server.closeAllConnections();
}

function explain(cause: Error, place: string): Error {
  switch ((cause as NodeJS.ErrnoException).code) {
    case "EADDRINUSE":
      return new DocteurError("PORT_TAKEN", `${place} is taken by another program`, { cause });
    case "EACCES":
      return new DocteurError("PORT_FORBIDDEN", `${place} is not for this user to take`, { cause });
    case "EADDRNOTAVAIL":
      return new DocteurError("ADDRESS_UNKNOWN", `${place} is no address of this machine`, { cause });
    default:
      return cause;
  }
}
