import { createServer, type RequestListener, type Server, STATUS_CODES } from "node:http";
import type { AddressInfo } from "node:net";
import { DocteurError } from "../../reader/errors.ts";
import type { Port } from "../protocol/published-port.ts";
import { REQUEST_TIMEOUT, SILENCE_TIMEOUT } from "./connection.ts";
import { type Connections, MAX_CONNECTIONS } from "./connections.ts";
import { MAX_HEADER_FIELDS } from "./request-fault.ts";

/** The most bytes of a request's line and header fields together; the response to one with more is 431. */
const MAX_HEADER_SIZE = 8 * 1024;

/** Milliseconds that a connection may wait for its next request. */
const KEEP_ALIVE_TIMEOUT = 60_000;

/** Milliseconds between two checks for requests that take too long. */
const CHECKING_INTERVAL = 2000;

/**
 * Milliseconds that the responses that are due may still take when the server ends; the host waits longer.
 */
const GRACE = 500;

/** The status for each of Node's errors that means more than a malformed request. */
const ERROR_STATUS: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

/**
 * A server that bounds the time and the memory that its clients can take. Each socket that Node hands out is
 * ended by its connection, after the responses that are due and within a limit.
 */
export function boundedServer(connections: Connections, answer: RequestListener): Server {
  const options = {
    maxHeaderSize: MAX_HEADER_SIZE,
    headersTimeout: REQUEST_TIMEOUT,
    requestTimeout: REQUEST_TIMEOUT,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT,
    connectionsCheckingInterval: CHECKING_INTERVAL,
    // Node would respond itself, without the connection's knowledge. RequestCheck does the check.
    requireHostHeader: false,
  };
  const server = createServer(options);
  // Node silently drops further fields; one more than the maximum shows that there are too many.
  server.maxHeadersCount = MAX_HEADER_FIELDS + 1;
  server.timeout = SILENCE_TIMEOUT;
  // A client may close its side and still read. Node's types lack the property.
  Object.assign(server, { httpAllowHalfOpen: true });

  const handle: RequestListener = (request, response) =>
    connections.get(request.socket)?.handle(request, response);
  server.on("request", handle);
  // A final status answers `Expect` as well: the client need not send its content.
  server.on("checkContinue", handle);
  server.on("checkExpectation", handle);
  server.on("connection", (socket) => connections.add(socket, answer));
  server.on("timeout", (socket) => connections.get(socket)?.onTimeout());
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    const connection = connections.get(socket);
    const status = ERROR_STATUS[error.code ?? ""] ?? 400;
    if (status === 408) connection?.onRequestTimeout(finalResponse(status));
    else connection?.end(finalResponse(status));
  });
  server.on("connect", ({ socket }, stream) => {
    // For a request with content, the stream is not the socket.
    stream.on("error", () => {});
    const connection = connections.get(socket);
    connection?.onDetached();
    connection?.end(finalResponse(405, "Allow: GET, HEAD, OPTIONS\r\n"));
  });
  return server;
}

/**
 * Starts to listen.
 * @param complain receives a line for each connection that could not be accepted.
 * @returns the number of the port; the system chooses one for port 0.
 * @throws {DocteurError} `PORT_TAKEN`, `PORT_FORBIDDEN`, `ADDRESS_UNKNOWN`.
 */
export function listen(
  server: Server,
  { address, port }: Port,
  complain: (message: string) => void,
): Promise<number> {
  const endpoint = `${address}:${port}`;
  return new Promise((resolve, reject) => {
    const refuse = (error: Error) => reject(explain(error, endpoint));
    server.once("error", refuse);
    server.listen({ host: address, port, backlog: MAX_CONNECTIONS }, () => {
      server.off("error", refuse);
      // The system lacks memory or descriptors, for instance; later connections may succeed.
      server.on("error", (error) => complain(`${endpoint}: a connection was not accepted: ${error.message}`));
      resolve((server.address() as AddressInfo).port);
    });
  });
}

/** Ends servers: at once if no response is due. Responses that are not complete in time are aborted. */
export async function close(servers: readonly Server[], connections: Connections): Promise<void> {
  for (const server of servers) if (server.listening) server.close();
  connections.end();
  let limit: NodeJS.Timeout | undefined;
  const late = new Promise((resolve) => {
    limit = setTimeout(resolve, GRACE);
  });
  await Promise.race([connections.whenEmpty(), late]);
  clearTimeout(limit);
  connections.destroy();
}

/** A response that ends a connection. */
function finalResponse(status: number, fields = ""): string {
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${fields}Connection: close\r\nContent-Length: 0\r\n\r\n`;
}

function explain(cause: Error, endpoint: string): Error {
  switch ((cause as NodeJS.ErrnoException).code) {
    case "EADDRINUSE":
      return new DocteurError("PORT_TAKEN", `${endpoint} is taken by another program`, { cause });
    case "EACCES":
      return new DocteurError("PORT_FORBIDDEN", `${endpoint}: this user may not use the port`, { cause });
    case "EADDRNOTAVAIL":
      return new DocteurError("ADDRESS_UNKNOWN", `${endpoint}: this machine does not have the address`, {
        cause,
      });
    default:
      return cause;
  }
}
